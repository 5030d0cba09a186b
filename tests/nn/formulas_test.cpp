// What each layer computes, against plain loops that do nothing but follow the formula in its documentation.
// (Gradients: layers_test.cpp. The cases of PyTorch: tests/reference_cases.)
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/predict.hpp"

using namespace amdefect;

namespace {

/// Numbers on both sides of 0, the same each time.
Tensor<double> numbers(const Shape& shape, std::uint64_t seed = 1) {
  Tensor<double> x(shape);
  Random random(seed);
  for (double& value : x) value = random.uniform(-5, 5);
  return x;
}

/// A network of one layer whose parameters are all different.
template <class Layer>
Sequential<double> network_of(Layer layer, const Shape& sample) {
  Sequential<double> net(sample);
  net.add(std::move(layer), "layer");
  net.initialize(1);
  Random random(2);
  for (const Parameter& p : net.parameters().list())
    for (double& value : net.parameters().value(p)) value = random.uniform(0.5, 2);
  return net;
}

double largest_difference(TensorView<const double> a, TensorView<const double> b) {
  REQUIRE(a.shape() == b.shape());
  return (a.array() - b.array()).abs().maxCoeff();
}

template <class Layer>
void check_elements(Layer layer, const std::function<double(double)>& formula) {
  const Tensor<double> x = numbers({3, 50});
  Tensor<double> expected(x.shape());
  std::transform(x.begin(), x.end(), expected.begin(), formula);
  CHECK(largest_difference(predict(network_of(std::move(layer), {50}), x), expected) < 1e-14);
}

/// A window along one axis as TensorFlow lays it: where it starts for output 0, and how many outputs there are.
std::pair<Index, Index> window(Index in, Index size, Index stride, Index dilation, const Padding& padding, bool rows) {
  const Index extent = (size - 1) * dilation + 1;
  if (padding.mode == PaddingMode::same) {
    const Index out = (in + stride - 1) / stride;
    return {-(std::max<Index>((out - 1) * stride + extent - in, 0) / 2), out};
  }
  const Index before = rows ? padding.top : padding.left, after = rows ? padding.bottom : padding.right;
  return {-before, (in + before + after - extent) / stride + 1};
}

Tensor<double> plain_conv(const Tensor<double>& x, const Network<double>& net, Index filters, const ConvOptions& o) {
  const auto [top, out_h] = window(x.dim(1), o.kernel, o.stride, o.dilation, o.padding, true);
  const auto [left, out_w] = window(x.dim(2), o.kernel_w, o.stride_w, o.dilation_w, o.padding, false);
  const auto kernel = net.parameters().value("layer.kernel");
  const Index inputs = x.dim(3) / o.groups, outputs = filters / o.groups;
  Tensor<double> y({x.dim(0), out_h, out_w, filters});
  for (Index n = 0; n < x.dim(0); ++n)
    for (Index i = 0; i < out_h; ++i)
      for (Index j = 0; j < out_w; ++j)
        for (Index f = 0; f < filters; ++f) {
          double sum = o.bias ? net.parameters().value("layer.bias")[f] : 0;
          for (Index u = 0; u < o.kernel; ++u)
            for (Index v = 0; v < o.kernel_w; ++v)
              for (Index c = 0; c < inputs; ++c) {
                const Index row = i * o.stride + u * o.dilation + top,
                            column = j * o.stride_w + v * o.dilation_w + left;
                if (row < 0 || row >= x.dim(1) || column < 0 || column >= x.dim(2)) continue;
                sum += x(n, row, column, f / outputs * inputs + c) * kernel(u, v, c, f);
              }
          y(n, i, j, f) = sum;
        }
  return y;
}

/// Largest value or mean of the pixels of each window that there are.
Tensor<double> plain_pool(const Tensor<double>& x, const PoolOptions& o, bool largest) {
  const auto [top, out_h] = window(x.dim(1), o.pool, o.stride, 1, o.padding, true);
  const auto [left, out_w] = window(x.dim(2), o.pool_w, o.stride_w, 1, o.padding, false);
  Tensor<double> y({x.dim(0), out_h, out_w, x.dim(3)});
  for (Index n = 0; n < x.dim(0); ++n)
    for (Index i = 0; i < out_h; ++i)
      for (Index j = 0; j < out_w; ++j)
        for (Index c = 0; c < x.dim(3); ++c) {
          double sum = 0, most = -1e9, count = 0;
          for (Index u = 0; u < o.pool; ++u)
            for (Index v = 0; v < o.pool_w; ++v) {
              const Index row = i * o.stride + u + top, column = j * o.stride_w + v + left;
              if (row < 0 || row >= x.dim(1) || column < 0 || column >= x.dim(2)) continue;
              sum += x(n, row, column, c);
              most = std::max(most, x(n, row, column, c));
              ++count;
            }
          y(n, i, j, c) = largest ? most : sum / count;
        }
  return y;
}

}  // namespace

TEST_CASE("formulas: activations") {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  check_elements(Relu<double>(), [](double x) { return x > 0 ? x : 0; });
  check_elements(LeakyRelu<double>(0.1), [](double x) { return x > 0 ? x : 0.1 * x; });
  check_elements(LeakyRelu<double>(), [](double x) { return x > 0 ? x : 0.3 * x; });
  check_elements(Relu6<double>(), [](double x) { return std::clamp(x, 0.0, 6.0); });
  check_elements(Sigmoid<double>(), sigmoid);
  check_elements(Silu<double>(), [&](double x) { return x * sigmoid(x); });
  check_elements(HardSwish<double>(), [](double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; });
  check_elements(Gelu<double>(), [](double x) { return x * (1 + std::erf(x / std::sqrt(2.0))) / 2; });
  check_elements(Tanh<double>(), [](double x) { return std::tanh(x); });
}

TEST_CASE("formulas: softmax, layer norm and dense, row by row") {
  const Tensor<double> x = numbers({4, 3, 7});
  Tensor<double> softmax(x.shape()), norm(x.shape()), dense({4, 3, 5}), unbiased({4, 3, 5});
  const Sequential<double> layer_norm = network_of(LayerNorm<double>(0.25), {3, 7});
  const Sequential<double> full = network_of(Dense<double>(5), {3, 7}),
                           bare = network_of(Dense<double>(5, false), {3, 7});
  const auto gamma = layer_norm.parameters().value("layer.gamma"), beta = layer_norm.parameters().value("layer.beta");
  for (Index row = 0; row < 12; ++row) {
    const double* values = x.data() + 7 * row;
    double sum = 0, mean = 0, variance = 0;
    for (Index c = 0; c < 7; ++c) sum += std::exp(values[c]), mean += values[c] / 7;
    for (Index c = 0; c < 7; ++c) variance += (values[c] - mean) * (values[c] - mean) / 7;
    for (Index c = 0; c < 7; ++c) {
      softmax[7 * row + c] = std::exp(values[c]) / sum;
      norm[7 * row + c] = gamma[c] * (values[c] - mean) / std::sqrt(variance + 0.25) + beta[c];
    }
    for (Index f = 0; f < 5; ++f) {
      dense[5 * row + f] = full.parameters().value("layer.bias")[f];
      for (Index c = 0; c < 7; ++c) {
        dense[5 * row + f] += values[c] * full.parameters().value("layer.kernel")(c, f);
        unbiased[5 * row + f] += values[c] * bare.parameters().value("layer.kernel")(c, f);
      }
    }
  }
  CHECK(largest_difference(predict(network_of(Softmax<double>(), {3, 7}), x), softmax) < 1e-14);
  CHECK(largest_difference(predict(layer_norm, x), norm) < 1e-13);
  CHECK(largest_difference(predict(full, x), dense) < 1e-13);
  CHECK(largest_difference(predict(bare, x), unbiased) < 1e-13);
}

TEST_CASE("formulas: batch norm in training and in inference, and how its moving statistics move") {
  Sequential<double> net = network_of(BatchNorm<double>({.momentum = 0.9, .epsilon = 0.25}), {5, 3});
  const auto value = [&](const char* name) { return net.parameters().value(concat("layer.", name)); };
  Workspace<double> workspace = Workspace<double>::for_training(net);
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Tensor<double> x = numbers({4, 5, 3}, step);
    const Tensor<double> mean_before = Tensor<double>({3}, value("moving_mean").span());
    const Tensor<double> variance_before = Tensor<double>({3}, value("moving_variance").span());
    const Tensor<double> inference = predict(net, x);
    workspace.forward(x);
    for (Index c = 0; c < 3; ++c) {
      double mean = 0, variance = 0;
      for (Index row = 0; row < 20; ++row) mean += x[3 * row + c] / 20;
      for (Index row = 0; row < 20; ++row) variance += (x[3 * row + c] - mean) * (x[3 * row + c] - mean) / 20;
      for (Index row = 0; row < 20; ++row) {
        const double centred = x[3 * row + c] - mean, moved = x[3 * row + c] - mean_before[c];
        CHECK(workspace.output()[3 * row + c] ==
              doctest::Approx(value("gamma")[c] * centred / std::sqrt(variance + 0.25) + value("beta")[c]));
        CHECK(inference[3 * row + c] ==
              doctest::Approx(value("gamma")[c] * moved / std::sqrt(variance_before[c] + 0.25) + value("beta")[c]));
      }
      CHECK(value("moving_mean")[c] == doctest::Approx(0.9 * mean_before[c] + 0.1 * mean));
      CHECK(value("moving_variance")[c] == doctest::Approx(0.9 * variance_before[c] + 0.1 * variance));
    }
  }
  const BatchNormOptions keras;
  CHECK((keras.momentum == 0.99 && keras.epsilon == 1e-3 && !keras.moving_statistics));
}

TEST_CASE("formulas: convolutions of every padding, stride, dilation and number of groups") {
  const Tensor<double> x = numbers({2, 9, 8, 4});
  for (const Padding& padding : {Padding::same(), Padding::valid(), Padding::pixels(2, 1, 0, 3)})
    for (const Index groups : {1, 2, 4})
      for (const Index stride : {1, 2, 3})
        for (const auto& [kernel, dilation] : {std::pair<Index, Index>{1, 1}, {2, 1}, {3, 1}, {3, 2}}) {
          // Other sizes along the width where the height leaves room.
          const ConvOptions o{.kernel = kernel,
                              .kernel_w = std::min<Index>(kernel + 1, 3),
                              .stride = stride,
                              .stride_w = 3 - stride > 0 ? 3 - stride : 1,
                              .dilation = dilation,
                              .dilation_w = 1,
                              .groups = groups,
                              .padding = padding,
                              .bias = stride != 2};
          const Sequential<double> net = network_of(Conv2d<double>(8, o), {9, 8, 4});
          CAPTURE(o.kernel);
          CAPTURE(stride);
          CHECK(largest_difference(predict(net, x), plain_conv(x, net, 8, o)) < 1e-11);
        }
}

TEST_CASE("formulas: pooling of every padding and stride, and of the whole picture") {
  const Tensor<double> x = numbers({2, 9, 8, 3});
  for (const Padding& padding : {Padding::same(), Padding::valid(), Padding::pixels(1, 0, 1, 1)})
    for (const Index stride : {1, 2, 3})
      for (const Index pool : {2, 3}) {
        const PoolOptions o{
            .pool = pool, .pool_w = 5 - pool, .stride = stride, .stride_w = 4 - stride, .padding = padding};
        CHECK(largest_difference(predict(network_of(MaxPool2d<double>(o), {9, 8, 3}), x), plain_pool(x, o, true)) == 0);
        CHECK(largest_difference(predict(network_of(AveragePool2d<double>(o), {9, 8, 3}), x), plain_pool(x, o, false)) <
              1e-14);
      }
  const PoolOptions usual{.pool = 2, .pool_w = 2, .stride = 2, .stride_w = 2};
  CHECK(largest_difference(predict(network_of(MaxPool2d<double>(), {9, 8, 3}), x), plain_pool(x, usual, true)) == 0);
  const PoolOptions all{.pool = 9, .pool_w = 8, .stride = 1, .stride_w = 1};
  const Tensor<double> mean = plain_pool(x, all, false);
  CHECK(largest_difference(predict(network_of(GlobalAveragePool<double>(), {9, 8, 3}), x),
                           std::as_const(mean).view().reshape({2, 3})) < 1e-14);
}

TEST_CASE("flattened samples have one dimension, whatever they had before") {
  CHECK(Flatten<double>().output_shape({3, 2, 4}) == Shape{3, 8});
  CHECK(Flatten<double>().output_shape({3}) == Shape{3, 1});
  CHECK_THROWS_AS(static_cast<void>(Flatten<double>().output_shape(Shape{})), ShapeError);
}

TEST_CASE("formulas: enlarging, adding and putting side by side") {
  const Tensor<double> x = numbers({2, 3, 4, 2}), other = numbers({2, 3, 4, 3}, 7);
  const Tensor<double> large = predict(network_of(UpsampleNearest<double>(3), {3, 4, 2}), x);
  REQUIRE(large.shape() == Shape{2, 9, 12, 2});
  for (Index n = 0; n < 2; ++n)
    for (Index i = 0; i < 9; ++i)
      for (Index j = 0; j < 12; ++j)
        for (Index c = 0; c < 2; ++c) REQUIRE(large(n, i, j, c) == x(n, i / 3, j / 3, c));

  Network<double> net;
  const Value a = net.input({3, 4, 2}, "a"), b = net.input({3, 4, 3}, "b");
  net.output(net.add(Concatenate<double>(), {a, b, a}), "joined");
  net.output(net.add(Add<double>(), {a, a, a}), "sum");
  net.initialize(1);
  const std::vector<Tensor<double>> found = predict_all(net, {x, other});
  REQUIRE(found[0].shape() == Shape{2, 3, 4, 7});
  for (Index pixel = 0; pixel < 24; ++pixel)
    for (Index c = 0; c < 7; ++c)
      REQUIRE(found[0][7 * pixel + c] == (c < 2   ? x[2 * pixel + c]
                                          : c < 5 ? other[3 * pixel + c - 2]
                                                  : x[2 * pixel + c - 5]));
  for (Index i = 0; i < x.size(); ++i) REQUIRE(found[1][i] == doctest::Approx(3 * x[i]));
}
