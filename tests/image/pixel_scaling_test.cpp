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

TEST_CASE("each channel may have an offset and a scale of its own") {
  const Tensor<std::uint8_t> image({1, 1, 3}, std::array<std::uint8_t, 3>{10, 100, 200});
  Tensor<float> x({2, 2, 3});
  x.fill(9);
  scale_pixels(image, x.view(), 0, 0, imagenet_scaling());
  CHECK(x[0] == doctest::Approx((10.0 / 255 - 0.485) / 0.229));
  CHECK(x[1] == doctest::Approx((100.0 / 255 - 0.456) / 0.224));
  CHECK(x[2] == doctest::Approx((200.0 / 255 - 0.406) / 0.225));
  for (Index i = 3; i < x.size(); ++i) CHECK(x[i] == 0);
  Tensor<float> grey({1, 2, 1});
  const Tensor<std::uint8_t> pixel({1, 2, 1}, std::array<std::uint8_t, 2>{1, 2});
  CHECK_THROWS_AS(scale_pixels(pixel, grey.view(), 0, 0, imagenet_scaling()), ShapeError);
  CHECK_THROWS_AS(check(PixelScaling{.channel_offsets = {1, 2}, .channel_scales = {1}}), Error);
  CHECK_THROWS_AS(check(PixelScaling{.channel_offsets = {1}, .channel_scales = {0}}), Error);
}
