#include "amdefect/nn/layers.hpp"

#include <doctest/doctest.h>

#include "amdefect/nn/check_layer.hpp"
#include "amdefect/nn/fusion.hpp"

using namespace amdefect;

namespace {

void check(const Operation<double>& layer, const std::vector<Shape>& shapes) {
  const LayerCheckReport report = check_layer(layer, shapes);
  CAPTURE(layer.kind());
  for (const std::string& failure : report.failures) FAIL_CHECK(failure);
  CHECK(report.passed());
}

/// Batches of 1 and 3 with odd sizes.
void check_images(const Operation<double>& layer, Index channels) {
  check(layer, {{1, 7, 5, channels}});
  check(layer, {{3, 4, 9, channels}});
}

}  // namespace

TEST_CASE("convolutions keep the layer contract") {
  for (const Index kernel : {1, 2, 3, 5})
    for (const Index stride : {1, 2, 3}) check_images(Conv2d<double>(3, {.kernel = kernel, .stride = stride}), 2);
  check_images(Conv2d<double>(4, {.kernel = 3, .dilation = 2}), 2);
  check_images(Conv2d<double>(4, {.kernel = 3, .stride = 2, .dilation = 2, .bias = false}), 2);
  check_images(Conv2d<double>(6, {.kernel = 3, .groups = 3}), 3);
  check_images(Conv2d<double>(4, {.kernel = 3, .stride = 2, .groups = 2, .padding = Padding::valid()}), 4);
  check_images(Conv2d<double>(4, {.kernel = 3, .groups = 4}), 4);
  check_images(Conv2d<double>(
                   2, {.kernel = 2, .kernel_w = 3, .stride = 1, .stride_w = 2, .padding = Padding::pixels(2, 1, 0, 3)}),
               3);
  check(Conv2d<double>(2, {.kernel = 5}), {{2, 2, 1, 3}});
}

TEST_CASE("a convolution's shape error says what does not fit") {
  const Conv2d<float> conv(4, {.kernel = 3, .padding = Padding::valid()});
  CHECK_THROWS_WITH_AS(static_cast<void>(conv.output_shape({1, 2, 8, 3})),
                       "conv2d: a 3x3 kernel with dilation 1x1 does not fit into the input [1, 2, 8, 3]", ShapeError);
  CHECK_THROWS_AS(static_cast<void>(conv.output_shape({1, 8, 3})), ShapeError);
  CHECK_THROWS_AS(Conv2d<float>(5, {.groups = 2}), Error);
  CHECK_THROWS_AS(Conv2d<float>(0), Error);
}

TEST_CASE("normalisation layers keep the contract") {
  check_images(BatchNorm<double>(), 3);
  check(BatchNorm<double>(), {{9, 5}});
  check(BatchNorm<double>({.moving_statistics = true}), {{3, 4, 5, 3}});
  check(BatchNorm<double>(), {{1, 150, 3, 2}});
  const LayerCheckOptions frozen{.frozen_statistics = true};
  CHECK(check_layer(BatchNorm<double>(), {{3, 4, 5, 3}}, frozen).passed());
  CHECK(check_layer(detail::BatchNormRelu<double>(BatchNorm<double>()), {{3, 4, 5, 3}}, frozen).passed());
  check_images(detail::BatchNormRelu<double>(BatchNorm<double>()), 3);
  check(detail::BatchNormRelu<double>(BatchNorm<double>({.moving_statistics = true})), {{3, 4, 5, 3}});
  check_images(LayerNorm<double>(), 5);
  check(LayerNorm<double>(1e-5), {{3, 7}});
}

TEST_CASE("dense, pooling and shape layers keep the contract") {
  check(Dense<double>(4), {{3, 7}});
  check(Dense<double>(4, false), {{1, 3, 5}});
  check_images(MaxPool2d<double>(), 3);
  check_images(MaxPool2d<double>({.pool = 3, .stride = 2, .padding = Padding::same()}), 17);
  check_images(MaxPool2d<double>({.pool = 3, .pool_w = 2, .stride = 1, .padding = Padding::pixels(1, 2, 0, 1)}), 2);
  check_images(AveragePool2d<double>(), 3);
  check_images(AveragePool2d<double>({.pool = 3, .stride = 2, .padding = Padding::same()}), 17);
  check_images(GlobalAveragePool<double>(), 3);
  check_images(UpsampleNearest<double>(3), 2);
  check(Flatten<double>(), {{3, 2, 4, 5}});
  check(Reshape<double>({10, 4}), {{3, 2, 4, 5}});
  check(Dropout<double>(0.4), {{3, 50, 40}});
  check(Concatenate<double>(), {{3, 2, 5, 1}, {3, 2, 5, 4}, {3, 2, 5, 2}});
  check(Concatenate<double>(1), {{3, 2, 5}, {3, 1, 5}});
  check(Add<double>(), {{3, 2, 5}, {3, 2, 5}, {3, 2, 5}});
  check(Add<double>(), {{3, 2, 5}});
}

TEST_CASE("activations keep the contract") {
  for (const Shape& shape : {Shape{1, 3, 5, 2}, Shape{3, 41}, Shape{3, 7, 9, 5}}) {
    check(Relu<double>(), {shape});
    check(LeakyRelu<double>(0.1), {shape});
    check(Relu6<double>(), {shape});
    check(Sigmoid<double>(), {shape});
    check(Silu<double>(), {shape});
    check(HardSwish<double>(), {shape});
    check(Gelu<double>(), {shape});
    check(Softmax<double>(), {shape});
  }
}

TEST_CASE("dropout scales what it keeps and does nothing in inference") {
  const Dropout<float> dropout(0.25);
  Tensor<float> x({100, 100}), y({100, 100});
  x.fill(1);
  Context<float> context;
  dropout.forward(context, x, y);
  CHECK((y.array() == 1).all());
  context.training = true;
  context.random = Random(5);
  dropout.forward(context, x, y);
  const auto kept = static_cast<double>((y.array() > 0).count()) / 1e4;
  CHECK(kept == doctest::Approx(0.75).epsilon(0.03));
  CHECK(y.array().maxCoeff() == doctest::Approx(4.0 / 3));
  CHECK_THROWS_AS(Dropout<float>(1.0), Error);
}

TEST_CASE("merging refuses shapes that do not fit") {
  const std::vector<Shape> shapes{{1, 2, 3, 4}, {1, 3, 3, 4}};
  CHECK_THROWS_WITH_AS(static_cast<void>(Add<float>().output_shape(shapes)),
                       "add: expected shape [1, 2, 3, 4], got [1, 3, 3, 4]", ShapeError);
  CHECK_THROWS_AS(static_cast<void>(Concatenate<float>().output_shape(shapes)), ShapeError);
  CHECK(Concatenate<float>(1).output_shape(shapes) == Shape{1, 5, 3, 4});
  CHECK_THROWS_AS(static_cast<void>(Concatenate<float>(0).output_shape(shapes)), ShapeError);
}
