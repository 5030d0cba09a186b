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

TEST_CASE("training fuses batch norms with the ReLU behind them and learns the same") {
  const auto build = [](bool show_norm) {
    Network<double> net;
    const Value image = net.input({7, 9, 3});
    const Value norm = net.add(BatchNorm<double>(), net.add(Conv2d<double>(5, {.kernel = 3}), image), "norm");
    const Value active = net.add(Relu<double>(), norm, "active");
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

TEST_CASE_TEMPLATE("training leaves other activations behind a batch norm as they are", Layer, Relu6<float>,
                   Sigmoid<float>, Silu<float>, HardSwish<float>, Gelu<float>, Tanh<float>) {
  Network<float> net;
  net.output(net.add(Layer(), net.add(BatchNorm<float>(), net.input({2, 2, 1}))), "end");
  CHECK(fuse_for_training(net)[1].operation == net.nodes()[1].operation);
}
