// Resizing, padding and reordering: what the reference cases and the layer contract do not show.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
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

TEST_CASE("the runs of a box are its elements in their order, each once") {
  const Shape whole{3, 4, 5, 2};
  for (const auto& [box, origin] : std::vector<std::pair<Shape, BoxOrigin>>{{{3, 4, 5, 2}, {}},
                                                                            {{2, 4, 5, 2}, {1}},
                                                                            {{3, 2, 5, 2}, {0, 1}},
                                                                            {{3, 4, 2, 1}, {0, 0, 3, 1}},
                                                                            {{1, 3, 4, 1}, {2, 1, 1, 0}},
                                                                            {{3, 0, 5, 2}, {}}}) {
    std::vector<Index> found, expected;
    for_each_box_run(whole, box, origin, [&](Index of_whole, Index of_box, Index run) {
      CHECK(of_box == static_cast<Index>(found.size()));
      for (Index i = 0; i < run; ++i) found.push_back(of_whole + i);
    });
    for (Index a = 0; a < box[0]; ++a)
      for (Index b = 0; b < box[1]; ++b)
        for (Index c = 0; c < box[2]; ++c)
          for (Index d = 0; d < box[3]; ++d)
            expected.push_back((((a + origin[0]) * 4 + b + origin[1]) * 5 + c + origin[2]) * 2 + d + origin[3]);
    CHECK(found == expected);
  }
}

TEST_CASE("padding keeps the middle, and its gradient is that of the middle") {
  const Pad<float> pad({{1, 0}, {2, 1}}, 7);
  const Tensor<float> x = gaussian_tensor<float>({2, 2, 3, 2}, 1), y = forward(pad, x);
  REQUIRE(y.shape() == Shape{2, 3, 6, 2});
  for (Index n = 0; n < 2; ++n)
    for (Index i = 0; i < 3; ++i)
      for (Index j = 0; j < 6; ++j)
        for (Index c = 0; c < 2; ++c) {
          const bool inside = i >= 1 && j >= 2 && j < 5;
          CHECK(y(n, i, j, c) == (inside ? x(n, i - 1, j - 2, c) : 7));
        }
  CHECK(equal(backward(pad, x.shape(), y), x));
  CHECK_THROWS_WITH_AS(Pad<float>({{1, -1}}), "pad: widths must not be negative, got 1 and -1", Error);
  CHECK_THROWS_AS(Pad<float>({{1, 1}}, std::nan("")), Error);
  CHECK_THROWS_AS(Pad<float>(std::vector<PadWidth>(6)), Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(pad.output_shape({1, 4})),
                       "pad: expected a batch and at least 2 dimensions more, got [1, 4]", ShapeError);
}

TEST_CASE("axes come in any order, by any number of threads") {
  const Shape shape{2, 3, 40, 1, 7, 36};
  const Tensor<float> x = gaussian_tensor<float>(shape, 1);
  std::vector<Index> axes{1, 2, 3, 4, 5};
  do {
    const Transpose<float> transpose(axes);
    const Tensor<float> y = forward(transpose, x, 3);
    std::array<Index, 6> at{}, strides{};
    Index stride = 1;
    for (std::size_t i = 6; i-- > 0; stride *= shape[i]) strides[i] = stride;
    Index wrong = 0;
    for (const float found : y) {
      Index of_x = at[0] * strides[0];
      for (std::size_t i = 1; i < 6; ++i) of_x += at[i] * strides[static_cast<std::size_t>(axes[i - 1])];
      wrong += found != x[of_x];
      for (std::size_t i = 6; i-- > 0;) {
        if (++at[i] < y.dim(i)) break;
        at[i] = 0;
      }
    }
    CHECK(wrong == 0);
    CHECK(equal(backward(transpose, shape, y, 2), x));
  } while (std::next_permutation(axes.begin(), axes.end()));
}

TEST_CASE("a transposition names each axis once, and leaves the batch alone") {
  for (const std::vector<Index>& axes : {std::vector<Index>{0, 1}, {2}, {1, 1}, {1, 2, 3, 4, 5, 6}, {-1, 1}})
    CHECK_THROWS_AS(Transpose<float>{axes}, Error);
  CHECK_THROWS_WITH_AS(Transpose<float>({1, 3}), "transpose: expected the axes 1 to 2 in some order, got [1,3]", Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(Transpose<float>({2, 1}).output_shape({1, 4})),
                       "transpose: expected a batch and 2 dimensions more, got [1, 4]", ShapeError);
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
