#include "amdefect/nn/layers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "amdefect/nn/check_layer.hpp"
#include "amdefect/nn/fusion.hpp"
#include "amdefect/nn/workspace.hpp"

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

TEST_CASE("transposed convolutions keep the layer contract") {
  for (const Index stride : {1, 2, 3}) check_images(ConvTranspose2d<double>(3, {.kernel = 3, .stride = stride}), 2);
  check_images(ConvTranspose2d<double>(2, {.kernel = 3, .stride = 2, .padding = Padding::pixels(1), .bias = false}), 3);
  check_images(ConvTranspose2d<double>(4, {.kernel = 3, .stride = 2, .groups = 2, .padding = Padding::valid()}), 2);
  check_images(ConvTranspose2d<double>(3, {.kernel = 4, .stride = 2, .groups = 3, .padding = Padding::pixels(1)}), 3);
  check_images(
      ConvTranspose2d<double>(
          2, {.kernel = 2, .kernel_w = 3, .stride_w = 3, .dilation = 2, .padding = Padding::pixels(2, 0, 1, 3)}, 1, 2),
      3);
  check(ConvTranspose2d<double>(2, {.kernel = 1, .stride = 3}), {{2, 2, 1, 3}});
}

TEST_CASE("a transposed convolution says what does not fit") {
  const ConvTranspose2d<float> conv(4, {.kernel = 2, .padding = Padding::pixels(2)});
  CHECK_THROWS_WITH_AS(static_cast<void>(conv.output_shape({1, 2, 8, 3})),
                       "conv_transpose2d: nothing is left of the input [1, 2, 8, 3] within the padding", ShapeError);
  CHECK_THROWS_AS(static_cast<void>(conv.output_shape({1, 8, 3})), ShapeError);
  CHECK_THROWS_WITH_AS(ConvTranspose2d<float>(5, {.groups = 2}),
                       "conv_transpose2d: 5 filters do not divide into 2 groups", Error);
  const ConvOptions twice{.kernel = 3, .stride = 2, .padding = Padding::pixels(1)};
  CHECK_THROWS_WITH_AS(ConvTranspose2d<float>(5, twice, 1, 2),
                       "conv_transpose2d: the output padding 1x2 must be less than stride or dilation", Error);
  CHECK_THROWS_AS(ConvTranspose2d<float>(5, twice, -1, 0), Error);
  CHECK_THROWS_AS(ConvTranspose2d<float>(5, {.kernel = 3, .stride = 2}, 1, 1), Error);
  CHECK(ConvTranspose2d<float>(5, twice, 1, 0).output_shape({1, 4, 4, 3}) == Shape{1, 8, 7, 5});
  CHECK(ConvTranspose2d<float>(5, {.kernel = 3, .stride = 2}).output_shape({1, 4, 5, 3}) == Shape{1, 8, 10, 5});
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
  for (const Activation activation : {Activation::relu, Activation::relu6, Activation::silu}) {
    const detail::BatchNormActivation<double> fused(BatchNorm<double>(), activation);
    CHECK(check_layer(fused, {{3, 4, 5, 3}}, frozen).passed());
    check_images(detail::BatchNormActivation<double>(BatchNorm<double>(), activation), 3);
    check(detail::BatchNormActivation<double>(BatchNorm<double>({.moving_statistics = true}), activation),
          {{3, 4, 5, 3}});
  }
  const detail::BatchNormAddRelu<double> residual{BatchNorm<double>()};
  for (const LayerCheckOptions& options : {LayerCheckOptions{}, frozen})
    CHECK(check_layer(residual, {{3, 4, 5, 3}, {3, 4, 5, 3}}, options).passed());
  check(detail::AddRelu<double>(), {{3, 4, 5, 3}, {3, 4, 5, 3}});
  check_images(LayerNorm<double>(), 5);
  check(LayerNorm<double>(1e-5), {{3, 7}});
  check_images(GroupNorm<double>(1), 5);
  check_images(GroupNorm<double>(3, 1e-3), 6);
  check_images(GroupNorm<double>(4), 4);
  check(GroupNorm<double>(2), {{3, 8}});
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
  for (const bool align : {false, true}) {
    check_images(ResizeBilinear<double>({.align_corners = align}), 2);
    check_images(ResizeBilinear<double>({.scale = 0.4, .align_corners = align}), 2);
    check_images(ResizeBilinear<double>({.height = 1, .width = 11, .align_corners = align}), 2);
    check_images(ResizeBilinear<double>({.height = 4, .width = 1, .scale = 1.3, .align_corners = align}), 2);
  }
  check(Flatten<double>(), {{3, 2, 4, 5}});
  check(Reshape<double>({10, 4}), {{3, 2, 4, 5}});
  check(Dropout<double>(0.4), {{3, 50, 40}});
  check(Concatenate<double>(), {{3, 2, 5, 1}, {3, 2, 5, 4}, {3, 2, 5, 2}});
  check(Concatenate<double>(1), {{3, 2, 5}, {3, 1, 5}});
  check(Add<double>(), {{3, 2, 5}, {3, 2, 5}, {3, 2, 5}});
  check(Add<double>(), {{3, 2, 5}});
  check(Multiply<double>(), {{3, 2, 5}, {3, 2, 5}});
  check(Multiply<double>(), {{3, 4, 7, 5}, {3, 5}});
  check(Multiply<double>(), {{2, 15, 10, 3}, {2, 3}});  // several chunks of a sum
  check(Film<double>(), {{3, 5}, {3, 10}});
  check(Film<double>(), {{3, 4, 7, 5}, {3, 10}});
  check(Film<double>(), {{2, 15, 10, 3}, {2, 6}});  // several chunks of a sum
  check(Slice<double>(1, 2, 3), {{3, 7, 2}});
  check(Slice<double>(-1, 0, 1), {{1, 3, 4}});
  check(Slice<double>(2, 1, 2), {{3, 2, 4, 5}});
  check(Pad<double>({{1, 1}}), {{3, 7, 2}});
  check(Pad<double>({{1, 2}, {0, 3}}, 0.5), {{3, 7, 2}});
  check(Pad<double>({{1, 1}, {2, 3}, {1, 0}}), {{3, 7, 2, 5}});
  check(Pad<double>({{0, 0}, {0, 0}}), {{3, 7, 2, 5}});
  check(Transpose<double>({3, 1, 2}), {{3, 4, 5, 2}});
  check(Transpose<double>({2, 1}), {{1, 40, 35}});  // several tiles
  check(Transpose<double>({1, 2}), {{3, 4, 5}});
  check(Transpose<double>({3, 5, 1, 4, 2}), {{2, 3, 2, 4, 3, 2}});
  check(StochasticDepth<double>(0.4), {{8, 3, 5}});
}

TEST_CASE("layers of transformers keep the contract") {
  check(ClassToken<double>(), {{3, 4, 5}});
  check(LearnedPositions<double>(), {{3, 4, 5}});
  check(MultiHeadAttention<double>(1), {{1, 1, 3}});
  check(MultiHeadAttention<double>(3), {{3, 5, 6}});
  check(MultiHeadAttention<double>(2), {{2, 70, 4}});  // more tokens than a block of queries has
  check(MultiHeadAttention<double>(2, 0.3), {{2, 7, 4}});
  check(MultiHeadAttention<double>(2), {{2, 3, 5, 4}});
  check_images(SinePositions<double>(), 8);
  check(SinePositions<double>(20), {{3, 5, 6}});
}

TEST_CASE("attention between the places of an image is that between tokens, prepared or not") {
  const auto attended = [](const Shape& sample) {
    Network<double> net;
    net.output(net.add(MultiHeadAttention<double>(2), net.input(sample), "attention"));
    net.initialize(1);
    Tensor<double> x(sample.batched(2));
    for (Index i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<double>(i));
    Workspace<double> workspace(net);
    workspace.forward(x);
    return std::vector<double>(workspace.output().begin(), workspace.output().end());
  };
  CHECK(attended({6, 11, 4}) == attended({66, 4}));
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
    check(Tanh<double>(), {shape});
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

TEST_CASE("stochastic depth leaves out whole samples") {
  const StochasticDepth<float> depth(0.25);
  Tensor<float> x({400, 5}), y({400, 5});
  x.fill(1);
  Context<float> context;
  depth.forward(context, x, y);
  CHECK((y.array() == 1).all());
  context.training = true;
  context.random = Random(5);
  depth.forward(context, x, y);
  Index kept = 0;
  for (Index sample = 0; sample < 400; ++sample) {
    const bool there = y(sample, 0) > 0;
    kept += there;
    for (Index i = 0; i < 5; ++i) CHECK(y(sample, i) == doctest::Approx(there ? 4.0 / 3 : 0));
  }
  CHECK(static_cast<double>(kept) / 400 == doctest::Approx(0.75).epsilon(0.1));
  CHECK_THROWS_AS(StochasticDepth<float>(1.0), Error);
}

TEST_CASE("batch norm keeps the unbiased variance where that is asked for") {
  Tensor<double> x({5, 1}), y({5, 1});
  for (Index i = 0; i < 5; ++i) x[i] = static_cast<double>(i);  // variance 2, unbiased 2.5
  for (const bool unbiased : {false, true}) {
    Network<double> net;
    net.output(net.add(BatchNorm<double>({.momentum = 0, .unbiased = unbiased}), net.input({1}), "norm"));
    net.initialize(0);
    Workspace<double> workspace = Workspace<double>::for_training(net);
    workspace.forward(x);
    CHECK(net.parameters().value("norm.moving_variance")[0] == doctest::Approx(unbiased ? 2.5 : 2));
  }
}

TEST_CASE("group norm normalises a sample alone as in a batch") {
  const GroupNorm<float> norm(2);
  Tensor<float> x({3, 4, 5, 6}), batch(x.shape()), alone({1, 4, 5, 6});
  Random random(3);
  for (float& value : x) value = static_cast<float>(random.normal(50, 1));
  Tensor<float> gamma({6}), beta({6});
  gamma.fill(1);
  const std::vector<TensorView<const float>> parameters{gamma, beta};
  Tensor<std::byte> scratch({Index(norm.memory(x.shape(), {}, false).forward_scratch)});
  Context<float> context;
  context.parameters = parameters;
  context.scratch_memory = scratch.data();
  norm.forward(context, x, batch);
  for (Index sample = 0; sample < 3; ++sample) {
    const float* values = x.data() + sample * alone.size();
    norm.forward(context, TensorView<const float>(values, alone.shape()), alone);
    CHECK(std::equal(alone.begin(), alone.end(), batch.data() + sample * alone.size()));
  }
  CHECK_THROWS_AS(GroupNorm<float>(0), Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(GroupNorm<float>(4).output_shape({1, 2, 6})),
                       "group_norm: the channels of the input [1, 2, 6] do not divide into 4 groups", ShapeError);
}

TEST_CASE("layers of transformers refuse shapes that do not fit") {
  const MultiHeadAttention<float> attention(3);
  CHECK_THROWS_WITH_AS(static_cast<void>(attention.output_shape({1, 4, 8})),
                       "multi_head_attention: the channels of the input [1, 4, 8] do not divide into 3 heads",
                       ShapeError);
  CHECK_THROWS_AS(MultiHeadAttention<float>(0), Error);
  CHECK_THROWS_AS(MultiHeadAttention<float>(2, 1.0), Error);
  CHECK_THROWS_AS(static_cast<void>(attention.output_shape({1, 9})), ShapeError);
  const SinePositions<float> positions;
  CHECK_THROWS_WITH_AS(static_cast<void>(positions.output_shape({1, 4, 5, 6})),
                       "sine_positions: the channels of the input [1, 4, 5, 6] are no multiple of 4", ShapeError);
  CHECK(positions.output_shape({1, 4, 6}) == Shape{1, 4, 6});
  CHECK_THROWS_AS(static_cast<void>(positions.output_shape({1, 4, 7})), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(positions.output_shape({4, 8})), ShapeError);
  for (const double bad : {0.0, -1.0, 0.5, std::numeric_limits<double>::infinity(), std::nan("")})
    CHECK_THROWS_AS(SinePositions<float>{bad}, Error);
  CHECK_THROWS_AS(static_cast<void>(Slice<float>(1, 2, 3).output_shape({1, 4, 8})), ShapeError);
  CHECK_THROWS_AS(static_cast<void>(Slice<float>(0, 0, 1).output_shape({1, 4, 8})), ShapeError);
  const std::vector<Shape> shapes{{2, 3, 4}, {2, 3}};
  CHECK_THROWS_WITH_AS(static_cast<void>(Multiply<float>().output_shape(shapes)),
                       "multiply: expected a second input [2, 3, 4] or [2, 4], got [2, 3]", ShapeError);
}

TEST_CASE("a condition of zeros changes nothing, others scale and shift every channel") {
  Network<double> net;
  const Value x = net.input({1, 2, 2}, "x"), condition = net.input({4}, "condition");
  net.output(net.add(Film<double>(), {x, condition}));
  Workspace<double> workspace(net);
  Tensor<double> image({1, 1, 2, 2}), numbers({1, 4});
  for (Index i = 0; i < 4; ++i) image[i] = static_cast<double>(i + 1);
  const TensorView<const double> inputs[] = {image, numbers};
  workspace.forward(inputs);
  for (Index i = 0; i < 4; ++i) CHECK(workspace.output()[i] == image[i]);
  const double given[] = {1, -1, 10, 20}, expected[] = {12, 20, 16, 20};
  std::copy(given, given + 4, numbers.data());
  workspace.forward(inputs);
  for (Index i = 0; i < 4; ++i) CHECK(workspace.output()[i] == expected[i]);
  const std::vector<Shape> shapes{{2, 3, 4}, {2, 4}};
  CHECK_THROWS_WITH_AS(static_cast<void>(Film<float>().output_shape(shapes)),
                       "film: expected a condition [2, 8], got [2, 4]", ShapeError);
}

TEST_CASE("merging refuses shapes that do not fit") {
  const std::vector<Shape> shapes{{1, 2, 3, 4}, {1, 3, 3, 4}};
  CHECK_THROWS_WITH_AS(static_cast<void>(Add<float>().output_shape(shapes)),
                       "add: expected shape [1, 2, 3, 4], got [1, 3, 3, 4]", ShapeError);
  CHECK_THROWS_AS(static_cast<void>(Concatenate<float>().output_shape(shapes)), ShapeError);
  CHECK(Concatenate<float>(1).output_shape(shapes) == Shape{1, 5, 3, 4});
  CHECK_THROWS_AS(static_cast<void>(Concatenate<float>(0).output_shape(shapes)), ShapeError);
}
