#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// The layers begin, begin + step, ... below end.
struct LayerRange {
  Index begin = 0, end = 0, step = 1;

  Index size() const { return end > begin ? (end - begin + step - 1) / step : 0; }
  friend bool operator==(const LayerRange&, const LayerRange&) = default;
};

/// Reads "a:b" or "a:b:step", where both numbers may be missing; "" and ":" are all layers.
/// @throws Error for another text, and for a range without a layer among `layers`.
inline LayerRange read_layer_range(const std::string& text, Index layers) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  require(text.empty() || (parts.size() >= 2 && parts.size() <= 3), "layers: expected FROM:TO or FROM:TO:STEP, got '",
          text, "'");
  parts.resize(3);
  const auto number = [&](std::size_t part, Index least, Index otherwise) {
    return parts[part].empty() ? otherwise : read_number<Index>(parts[part], least, Index{1} << 40);
  };
  const LayerRange range{number(0, 0, 0), std::min(number(1, 0, layers), layers), number(2, 1, 1)};
  require(range.size() > 0, "layers: there is no layer in '", text, "': there are ", layers, ", counted from 0");
  return range;
}

/// How the layers of a build are shared by training, validation and test.
struct LayerSplitOptions {
  double valid_fraction = 0.1, test_fraction = 0.1;
  Index sections = 4;  ///< parts of the height, each of which is divided, so that every split sees bottom and top
  Index gap = 5;       ///< layers left out between two splits, since neighbours show nearly the same
};

/// Layers of each split, in ascending order.
struct LayerSplit {
  std::vector<LayerRange> train{}, valid{}, test{};
};

/// Divides `layers` in whole slabs of `slab` layers, which are read together, where there are enough of them.
/// @throws Error for options without meaning, and where there are too few layers.
inline LayerSplit split_layers(Index layers, Index slab, const LayerSplitOptions& options = {}) {
  const double valid = options.valid_fraction, test = options.test_fraction;
  require(valid >= 0 && test >= 0 && valid + test < 1, "layers: the fractions for validation and test are ", valid,
          " and ", test, ", expected at least 0 and together less than 1");
  require(options.sections > 0 && options.gap >= 0 && slab > 0, "layers: sections, gap and slab are ", options.sections,
          ", ", options.gap, " and ", slab, ", expected positive ones (the gap: at least 0)");
  const Index parts = 1 + (valid > 0) + (test > 0);
  require(layers >= parts * (options.gap + 1), "layers: ", layers, " are too few for ", parts, " splits with gaps of ",
          options.gap, " layers");
  // A section holds at least ten slabs, or ten layers where there are few slabs.
  const Index sections = std::max<Index>(1, std::min(options.sections, layers / (10 * (options.gap + 2))));
  const Index unit = layers / sections >= 10 * slab ? slab : 1;
  LayerSplit split;
  const auto rounded = [&](double layer) {
    return static_cast<Index>(std::floor(layer / static_cast<double>(unit) + 0.5)) * unit;
  };
  for (Index s = 0; s < sections; ++s) {
    const Index begin = s * layers / sections / unit * unit;
    const Index end = s + 1 == sections ? layers : (s + 1) * layers / sections / unit * unit;
    const auto length = static_cast<double>(end - begin);
    const Index test_begin = std::max(begin, test > 0 ? std::min(end - 1, begin + rounded((1 - test) * length)) : end);
    const Index valid_begin = std::max(
        begin, valid > 0 ? std::min(test_begin - 1, begin + rounded((1 - valid - test) * length)) : test_begin);
    const auto add = [&](std::vector<LayerRange>& ranges, Index from, Index to) {
      // Whatever lies below belongs to another split: the gap is taken from this one's bottom.
      const Index first = from == 0 ? 0 : from + options.gap;
      if (first < to) ranges.push_back({first, to, 1});
    };
    add(split.train, begin, valid_begin);
    add(split.valid, valid_begin, test_begin);
    add(split.test, test_begin, end);
  }
  require(!split.train.empty() && (valid == 0 || !split.valid.empty()) && (test == 0 || !split.test.empty()),
          "layers: ", layers, " are too few to be divided with gaps of ", options.gap, " layers");
  return split;
}

}  // namespace amdefect
