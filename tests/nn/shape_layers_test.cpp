// Resizing, padding and reordering: what the reference cases and the layer contract do not show.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "amdefect/nn/layers.hpp"
#include "nn/gaussian_tensor.hpp"

using namespace amdefect;

namespace {

template <class T>
Tensor<T> forward(const Layer<T>& layer, const Tensor<T>& x, int threads = 1) {
  Tensor<T> y(layer.output_shape(x.shape()));
  Context<T> context;
  context.execution.threads = threads;
  layer.forward(context, x, y);
  return y;
}

template <class T>
Tensor<T> backward(const Layer<T>& layer, const Shape& x, const Tensor<T>& dy, int threads = 1) {
  Tensor<T> dx(x);
  Context<T> context;
  context.execution.threads = threads;
  layer.backward(context, {}, {}, dy, dx);
  return dx;
}

bool equal(const Tensor<float>& a, const Tensor<float>& b) {
  return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST_CASE("bilinear resizing keeps planes, and corners only where they are aligned") {
  Tensor<double> plane({1, 5, 4, 1});
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 4; ++j) plane(0, i, j, 0) = 3 * static_cast<double>(i) + static_cast<double>(j);
  const Tensor<double> aligned =
      forward(ResizeBilinear<double>({.height = 9, .width = 10, .align_corners = true}), plane);
  for (Index i = 0; i < 9; ++i)
    for (Index j = 0; j < 10; ++j)
      CHECK(aligned(0, i, j, 0) == doctest::Approx(1.5 * static_cast<double>(i) + static_cast<double>(j) / 3));
  const Tensor<double> centred = forward(ResizeBilinear<double>(), plane);
  REQUIRE(centred.shape() == Shape{1, 10, 8, 1});
  CHECK(centred(0, 0, 0, 0) == 0);  // beyond the centre of the first pixel: as there
  CHECK(centred(0, 1, 1, 0) == 3 * 0.25 + 0.25);
  CHECK(centred(0, 9, 7, 0) == 3 * 4 + 3);
  CHECK(equal(forward(ResizeBilinear<float>({.scale = 1}), gaussian_tensor<float>({2, 3, 4, 5}, 1)),
              gaussian_tensor<float>({2, 3, 4, 5}, 1)));
}

TEST_CASE("bilinear resizing does not depend on the number of threads, nor does its gradient") {
  const ResizeBilinear<float> resize({.scale = 1.6});
  const Tensor<float> x = gaussian_tensor<float>({3, 40, 37, 11}, 1), y = forward(resize, x);
  const Tensor<float> dy = gaussian_tensor<float>(y.shape(), 2), dx = backward(resize, x.shape(), dy);
  for (const int threads : {2, 3, 7}) {
    CHECK(equal(forward(resize, x, threads), y));
    CHECK(equal(backward(resize, x.shape(), dy, threads), dx));
  }
}

TEST_CASE("resizing refuses what is no size") {
  CHECK_THROWS_WITH_AS(ResizeBilinear<float>({.height = -1}),
                       "resize_bilinear: height and width must not be negative, got -1 and 0", Error);
  for (const double scale : {0.0, -1.0, std::nan(""), 1e300})
    CHECK_THROWS_AS(ResizeBilinear<float>({.scale = scale}), Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(ResizeBilinear<float>({.scale = 0.25}).output_shape({1, 3, 9, 2})),
                       "resize_bilinear: an image [1, 3, 9, 2] cannot become one of 0x2 pixels", ShapeError);
  CHECK_THROWS_AS(static_cast<void>(ResizeBilinear<float>({.height = 3, .width = 3}).output_shape({1, 0, 9, 2})),
                  ShapeError);
  CHECK_THROWS_AS(static_cast<void>(ResizeBilinear<float>().output_shape({1, 9, 2})), ShapeError);
}
