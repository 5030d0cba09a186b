#include "amdefect/image/pixel_scaling.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

using namespace amdefect;

TEST_CASE("pixels are centred and padded with zero") {
  const Tensor<std::uint8_t> image({1, 2, 1}, std::array<std::uint8_t, 2>{0, 192});
  Tensor<float> x({2, 3, 1});
  x.fill(9);
  scale_pixels(image, x.view());
  CHECK(std::vector<float>(x.begin(), x.end()) == std::vector<float>{-2, 1, 0, 0, 0, 0});
  scale_pixels(image, x.view(), 0, 1);
  CHECK(std::vector<float>(x.begin(), x.end()) == std::vector<float>{1, 0, 0, 0, 0, 0});
  CHECK_THROWS_AS(scale_pixels(image, x.slice(0, 1).reshape({1, 1, 3})), ShapeError);
}
