#include "amdefect/detection/blob_detector.hpp"

#include <doctest/doctest.h>

#include "amdefect/core/random.hpp"

using namespace amdefect;

TEST_CASE("the moving median is that of the sorted window") {
  constexpr Index height = 9, width = 13, window = 5;
  std::vector<std::uint8_t> grey(height * width);
  Random random(2);
  for (auto& value : grey) value = static_cast<std::uint8_t>(random.integer(20));
  const std::vector<int> found = detail::median_difference(grey, height, width, window);
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x) {
      std::vector<int> values;
      for (Index row = std::max<Index>(0, y - 2); row < std::min(height, y + 3); ++row)
        for (Index column = std::max<Index>(0, x - 2); column < std::min(width, x + 3); ++column)
          values.push_back(grey[static_cast<std::size_t>(row * width + column)]);
      std::sort(values.begin(), values.end());
      const auto at = static_cast<std::size_t>(y * width + x);
      CHECK(found[at] == grey[at] - values[values.size() / 2]);
    }
}

TEST_CASE("dark blobs become boxes; small, bright and faint ones do not") {
  Tensor<std::uint8_t> image({40, 50, 3});
  image.fill(150);
  const auto paint = [&](Index top, Index left, Index height, Index width, std::uint8_t value) {
    for (Index y = top; y < top + height; ++y)
      for (Index x = left; x < left + width; ++x)
        for (Index c = 0; c < 3; ++c) image(y, x, c) = value;
  };
  paint(10, 20, 4, 6, 50);
  paint(30, 5, 3, 3, 100);
  paint(20, 40, 2, 2, 0);    // too small
  paint(5, 5, 4, 4, 250);    // bright
  paint(33, 33, 5, 5, 140);  // faint
  const BlobDetector detector({}, {{"a", "b"}, {1, 2}}, 1, 3);
  const auto found = detector.detect(image, {});
  REQUIRE(found.size() == 2);
  CHECK(found[0].box == Box{20, 10, 26, 14});
  CHECK(found[0].label == 1);
  CHECK(found[1].box == Box{5, 30, 8, 33});
  CHECK(found[0].score > found[1].score);
  const auto bright = BlobDetector({.dark = false}, {{"a"}, {1}}, 0, 3).detect(image, {});
  REQUIRE(bright.size() == 1);
  CHECK(bright[0].box == Box{5, 5, 9, 9});
  CHECK_THROWS_AS(BlobDetector({.window = 4}, {{"a"}, {1}}, 0, 3), Error);
  BlobDetector({.window = BlobModel::largest_window}, {{"a"}, {1}}, 0, 3);
  CHECK_THROWS_WITH_AS(BlobDetector({.window = BlobModel::largest_window + 2}, {{"a"}, {1}}, 0, 3),
                       doctest::Contains("window is 1025, expected at most 1023"), Error);
  CHECK_THROWS_AS(BlobDetector({}, {{"a"}, {1}}, 1, 3), Error);
}
