#include "amdefect/nn/fusion.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <utility>

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/workspace.hpp"
#include "nn/gaussian_tensor.hpp"

using namespace amdefect;

namespace {

/// Biases and what batch norms compute with, which begin as zeros and ones.
template <class T>
void randomize_all_but_kernels(Network<T>& net) {
  for (const Parameter& p : net.parameters().list())
    if (!p.weight_decay) {
      const Tensor<T> values = gaussian_tensor<T>(p.shape, static_cast<std::uint64_t>(p.size() + p.offset));
      net.parameters().value(p).array() = values.array().abs() + T(0.5);
    }
}

}  // namespace

TEST_CASE("inference fuses convolutions with what follows and gives the same") {
  Network<double> net;
  const Value image = net.input({7, 9, 3});
  const Value stem = net.add(Conv2d<double>(5, {.kernel = 3, .stride = 2}), image, "stem");
  const Value active = net.add(Relu<double>(), stem, "active");
  const Value norm = net.add(BatchNorm<double>(), active, "norm");
  const Value direct = net.add(BatchNorm<double>(), net.add(Conv2d<double>(5, {.bias = false}), norm), "direct");
  const Value split = net.add(Conv2d<double>(5), direct, "split");  // read twice: stays as it is
  const Value both = net.add(Add<double>(), {net.add(Relu<double>(), split), split, net.add(Relu<double>(), direct)});
  const Value usual = net.add(BatchNorm<double>(), net.add(Conv2d<double>(5), both));
  net.output(net.add(Relu<double>(), net.add(Conv2d<double>(4), net.add(Relu<double>(), usual))), "end");
  net.output(active, "middle");  // an output: the batch norm behind it is not fused
  net.initialize(7);
  randomize_all_but_kernels(net);
  const auto nodes = fuse_for_inference(net);
  const auto gone = std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.operation; });
  CHECK(gone == 6);  // the input, what became part of "active", "direct", the ReLU behind "usual", and the last ReLU
  const Tensor<double> x = gaussian_tensor<double>({2, 7, 9, 3}, 1);
  Workspace<double> fused(net);
  fused.forward(x);
  // The same network node by node: training with batch norms on moving statistics computes exactly that.
  Network<double> plain;
  const auto rebuilt = [&](const auto& node) -> std::shared_ptr<const Operation<double>> {
    if (!std::dynamic_pointer_cast<const BatchNorm<double>>(node.operation)) return node.operation;
    return std::make_shared<const BatchNorm<double>>(BatchNormOptions{.moving_statistics = true});
  };
  for (const auto& node : net.nodes())
    if (node.operation)
      plain.add(rebuilt(node), node.inputs, node.name);
    else
      plain.input(node.shape.sample(), node.name);
  for (const auto& output : net.outputs()) plain.output(output.value, output.name);
  plain.initialize(1);
  copy(net.parameters().values(), plain.parameters().values());
  auto unfused = Workspace<double>::for_training(plain);
  unfused.forward(x);
  for (const char* name : {"end", "middle"}) {
    const double scale = unfused.output(name).array().abs().maxCoeff();
    CHECK((fused.output(name).array() - unfused.output(name).array()).abs().maxCoeff() <= 1e-12 * scale);
  }
}

TEST_CASE_TEMPLATE("inference fuses each activation with each kind of convolution", Layer, Relu<float>, Relu6<float>,
                   Sigmoid<float>, Silu<float>, HardSwish<float>, Gelu<float>, Tanh<float>) {
  const auto build = [](bool show) {  // what is an output is not fused
    Network<float> net;
    Value x = net.input({11, 11, 8});
    std::size_t shown = 0;
    const auto add = [&](auto layer) {
      x = net.add(std::move(layer), x);
      if (show) net.output(x, concat("value", shown++));
    };
    for (const auto& [filters, options] :
         std::initializer_list<std::pair<Index, ConvOptions>>{{16, {.kernel = 3}},
                                                              {16, {.kernel = 3, .stride = 2}},
                                                              {16, {.kernel = 3, .groups = 16}},
                                                              {35, {}},
                                                              {40, {.kernel = 5, .groups = 5}}}) {
      add(Conv2d<float>(filters, options));
      add(BatchNorm<float>());
      add(Layer());
      add(Conv2d<float>(filters, options));
      add(Layer());
      add(BatchNorm<float>());
    }
    if (!show) net.output(x, "end");
    net.initialize(3);
    randomize_all_but_kernels(net);
    return net;
  };
  const Network<float> fused_net = build(false), plain_net = build(true);
  const auto nodes = fuse_for_inference(fused_net);
  CHECK(std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.operation; }) == 1 + 2 * 10);
  const Tensor<float> x = gaussian_tensor<float>({2, 11, 11, 8}, 1);
  Workspace<float> fused(fused_net), plain(plain_net);
  fused.forward(x);
  plain.forward(x);
  const auto expected = plain.output("value29").array();
  CHECK((fused.output("end").array() - expected).abs().maxCoeff() <= 2e-5f * expected.abs().maxCoeff());
}

namespace {

/// Blocks that end in a sum, as inference fuses them or, where all values are shown, does not.
template <class T>
Network<T> residual_network(bool show) {
  Network<T> net;
  std::size_t shown = 0;
  const auto add = [&](auto layer, std::initializer_list<Value> inputs) {
    const Value x = net.add(std::move(layer), inputs);
    if (show) net.output(x, concat("value", shown++));
    return x;
  };
  const auto conv = [&](Value x, Index filters, const ConvOptions& options) {
    return add(BatchNorm<T>(), {add(Conv2d<T>(filters, options), {x})});
  };
  const Value image = net.input({20, 20, 16});
  Value x = add(Relu<T>(), {add(Add<T>(), {conv(image, 16, {.kernel = 3}), image})});  // the residual is an input
  x = add(Silu<T>(), {add(Add<T>(), {x, conv(x, 16, {.kernel = 3})})});                // x is also what is convolved
  const Value wide = conv(add(Relu<T>(), {conv(x, 8, {})}), 24, {.kernel = 3, .stride = 2});
  x = add(Relu<T>(), {add(Add<T>(), {wide, conv(x, 24, {.stride = 2})})});  // two convolutions: one is fused
  x = add(Add<T>(), {conv(add(Relu<T>(), {conv(x, 96, {})}), 24, {}), x});  // no activation
  const Value used_later = x;
  x = add(Gelu<T>(), {add(Add<T>(), {add(Conv2d<T>(24), {add(Relu<T>(), {conv(x, 24, {})})}), x})});
  x = add(Add<T>(), {conv(x, 24, {.kernel = 3, .groups = 24}), x});  // depthwise: not fused
  x = add(Add<T>(), {x, used_later});
  if (!show) net.output(x, "end");
  net.initialize(3);
  randomize_all_but_kernels(net);
  return net;
}

}  // namespace

TEST_CASE_TEMPLATE("inference adds residuals within convolutions", T, float, double) {
  const Network<T> fused_net = residual_network<T>(false), plain_net = residual_network<T>(true);
  const auto nodes = fuse_for_inference(fused_net);
  const auto sums = std::count_if(nodes.begin(), nodes.end(),
                                  [](const auto& node) { return node.operation && node.operation->kind() == "add"; });
  CHECK(sums == 2);  // behind the depthwise convolution, and the last one
  const Tensor<T> x = gaussian_tensor<T>({2, 20, 20, 16}, 1);
  for (const ConvAlgorithm algorithm : {ConvAlgorithm::automatic, ConvAlgorithm::reference, ConvAlgorithm::im2col,
                                        ConvAlgorithm::winograd, ConvAlgorithm::implicit_gemm}) {
    Workspace<T> fused(fused_net, {.convolution = algorithm}), plain(plain_net);
    fused.forward(x);
    plain.forward(x);
    const auto expected = plain.output(concat("value", plain_net.outputs().size() - 1)).array();
    const T tolerance = sizeof(T) == sizeof(float) ? T(2e-5) : T(1e-12);
    CHECK((fused.output("end").array() - expected).abs().maxCoeff() <= tolerance * expected.abs().maxCoeff());
  }
}

TEST_CASE_TEMPLATE("training fuses batch norms with the activation behind them and learns the same", Layer,
                   Relu<double>, Relu6<double>, Silu<double>) {
  const auto build = [](bool show_norm) {
    Network<double> net;
    const Value image = net.input({7, 9, 3});
    const Value norm = net.add(BatchNorm<double>(), net.add(Conv2d<double>(5, {.kernel = 3}), image), "norm");
    const Value active = net.add(Layer(), norm, "active");
    net.output(net.add(Conv2d<double>(2), net.add(BatchNorm<double>(), active)), "end");
    if (show_norm) net.output(norm, "norm");  // something reads it: it is not fused
    net.initialize(7);
    return net;
  };
  Network<double> fused_net = build(false), plain_net = build(true);
  const auto gone = [](const auto& nodes) {
    return std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.operation; });
  };
  CHECK(gone(fuse_for_training(fused_net)) == 2);  // the input, and one batch norm
  CHECK(gone(fuse_for_training(plain_net)) == 1);
  const Tensor<double> x = gaussian_tensor<double>({2, 7, 9, 3}, 1), slope = gaussian_tensor<double>({2, 7, 9, 2}, 2);
  auto fused = Workspace<double>::for_training(fused_net), plain = Workspace<double>::for_training(plain_net);
  for (auto* workspace : {&fused, &plain}) {
    workspace->forward(x);
    copy(slope, workspace->output_gradient("end"));
  }
  CHECK((fused.output("end").array() - plain.output("end").array()).abs().maxCoeff() < 1e-12);
  plain.output_gradient("norm").fill(0);
  for (auto* net : {&fused_net, &plain_net}) net->parameters().gradients().fill(0);
  fused.backward();
  plain.backward();
  CHECK((fused_net.parameters().gradients().array() - plain_net.parameters().gradients().array()).abs().maxCoeff() <
        1e-12 * plain_net.parameters().gradients().array().abs().maxCoeff());
  CHECK((fused_net.parameters().values().array() == plain_net.parameters().values().array()).all());  // statistics
}

TEST_CASE_TEMPLATE("training leaves other activations behind a batch norm as they are", Layer, Sigmoid<float>,
                   HardSwish<float>, Gelu<float>, Tanh<float>) {
  Network<float> net;
  net.output(net.add(Layer(), net.add(BatchNorm<float>(), net.input({2, 2, 1}))), "end");
  CHECK(fuse_for_training(net)[1].operation == net.nodes()[1].operation);
}

TEST_CASE("training fuses the ends of residual blocks and learns the same") {
  Network<double> fused_net = residual_network<double>(false), plain_net = residual_network<double>(true);
  const auto count = [&](const char* kind) {
    const auto nodes = fuse_for_training(fused_net);
    return std::count_if(nodes.begin(), nodes.end(),
                         [&](const auto& node) { return node.operation && node.operation->kind() == kind; });
  };
  CHECK(count("batch_norm_add_relu") == 2);
  for (const bool frozen : {false, true}) {
    if (frozen)
      for (Network<double>* net : {&fused_net, &plain_net}) net->parameters().set_trainable("conv2d", false);
    const Tensor<double> x = gaussian_tensor<double>({2, 20, 20, 16}, 1);
    std::vector<Tensor<double>> results;
    for (Network<double>* net : {&fused_net, &plain_net}) {
      net->parameters().allocate_gradients();
      net->parameters().gradients().fill(0);
      auto workspace = Workspace<double>::for_training(*net, {}, 0, true);
      workspace.forward(x);
      const std::size_t last = net->outputs().size() - 1;
      for (std::size_t i = 0; i < last; ++i) workspace.output_gradient(i).fill(0);
      copy(gaussian_tensor<double>(workspace.output(last).shape(), 2), workspace.output_gradient(last));
      workspace.backward();
      for (const auto& values : {TensorView<const double>(net->parameters().gradients()),
                                 TensorView<const double>(net->parameters().values()), workspace.input_gradient()}) {
        results.emplace_back(values.shape());
        copy(values, results.back().view());
      }
    }
    for (std::size_t i = 0; i < 3; ++i) {
      const double scale = results[i].array().abs().maxCoeff();
      CHECK((results[i].array() - results[i + 3].array()).abs().maxCoeff() < 1e-12 * scale);
    }
    if (frozen) CHECK(count("batch_norm_add_relu") == 0);  // the sums alone then, with their ReLU
    CHECK(count("add_relu") == (frozen ? 2 : 0));
  }
}
