#include "amdefect/layers/layer_ranges.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "error_of.hpp"

namespace amdefect {

TEST_CASE("layer ranges: from, to and step, each of which may be missing") {
  CHECK(read_layer_range("", 9) == LayerRange{0, 9, 1});
  CHECK(read_layer_range("2:5", 9) == LayerRange{2, 5, 1});
  CHECK(read_layer_range(":5", 9) == LayerRange{0, 5, 1});
  CHECK(read_layer_range("3::2", 9) == LayerRange{3, 9, 2});
  CHECK(read_layer_range("3:1000", 9) == LayerRange{3, 9, 1});
  CHECK(read_layer_range("3::2", 9).size() == 3);
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"5", "layers: expected FROM:TO or FROM:TO:STEP, got '5'"},
      {"1:2:3:4", "layers: expected FROM:TO or FROM:TO:STEP, got '1:2:3:4'"},
      {"5:5", "layers: there is no layer in '5:5': there are 9, counted from 0"},
      {"9:", "layers: there is no layer in '9:': there are 9, counted from 0"},
      {"1:4:0", "expected a whole number from 1 to "}};
  for (const auto& line : wrong) {
    CAPTURE(line.first);
    CHECK(error_of([&] { read_layer_range(line.first, 9); }).starts_with(line.second));
  }
}

TEST_CASE("layer ranges: splits have all sections, whole slabs, and a gap between any two of them") {
  for (const Index layers : {120, 357, 1117, 3561})
    for (const Index slab : {1, 10, 35}) {
      CAPTURE(layers);
      CAPTURE(slab);
      const LayerSplit split = split_layers(layers, slab, {.sections = 4, .gap = 5});
      std::vector<int> owner(static_cast<std::size_t>(layers), 0);
      std::map<int, Index> counts;
      int number = 0;
      for (const auto* ranges : {&split.train, &split.valid, &split.test}) {
        ++number;
        for (const LayerRange& range : *ranges)
          for (Index layer = range.begin; layer < range.end; ++layer) {
            REQUIRE(owner[static_cast<std::size_t>(layer)] == 0);
            owner[static_cast<std::size_t>(layer)] = number;
            ++counts[number];
          }
      }
      for (Index layer = 0; layer < layers; ++layer)
        for (Index other = layer + 1; other < std::min(layers, layer + 5); ++other) {
          const int a = owner[static_cast<std::size_t>(layer)], b = owner[static_cast<std::size_t>(other)];
          REQUIRE((a == b || a == 0 || b == 0));
        }
      CHECK(counts[1] > layers / 2);
      CHECK(counts[2] > layers / 40);
      CHECK(counts[3] > layers / 40);
    }
}

TEST_CASE("layer ranges: too few layers, and fractions without meaning, are refused") {
  CHECK(error_of([] { split_layers(12, 1); }) == "layers: 12 are too few for 3 splits with gaps of 5 layers");
  CHECK(error_of([] { split_layers(100, 1, {.valid_fraction = 0.6, .test_fraction = 0.5}); }) ==
        "layers: the fractions for validation and test are 0.6 and 0.5, expected at least 0 and together less than 1");
  CHECK(split_layers(100, 1, {.valid_fraction = 0.1, .test_fraction = 0}).test.empty());
}

}  // namespace amdefect
