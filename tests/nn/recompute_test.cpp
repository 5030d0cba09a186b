#include <doctest/doctest.h>

#include <array>

#include "amdefect/models/efficientnet.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/workspace.hpp"
#include "nn/gaussian_tensor.hpp"

using namespace amdefect;

namespace {

constexpr std::array every_choice{Recompute::none, Recompute::cheap, Recompute::all};

/// Residual blocks with all that can be computed again, some of it in long chains, in place, or read twice.
Network<double> residual_network(bool frozen_norms = false) {
  Network<double> net;
  Value x = net.input({8, 8, 4});
  for (int block = 0; block < 4; ++block) {
    Value y = net.add(Silu<double>(), net.add(BatchNorm<double>(), net.add(Conv2d<double>(8, {.kernel = 3}), x)));
    y = net.add(Dropout<double>(0.3), y);
    const Value means = net.add(Sigmoid<double>(), net.add(Dense<double>(8), net.add(GlobalAveragePool<double>(), y)));
    y = net.add(Multiply<double>(), {y, means});
    y = net.add(GroupNorm<double>(2), net.add(Conv2d<double>(4, {.kernel = 1}), y));
    x = net.add(Relu<double>(), net.add(Add<double>(), {net.add(StochasticDepth<double>(0.2), y), x}));
  }
  net.output(net.add(Dense<double>(3), net.add(Flatten<double>(), net.add(LayerNorm<double>(), x))), "scores");
  net.initialize(5);
  if (frozen_norms) net.parameters().set_trainable("batch_norm", false);
  return net;
}

struct Step {
  Tensor<double> gradients, values, dx;
  std::size_t memory = 0;
};

/// Two steps, so that what the first leaves in memory shows in the second.
Step steps(Network<double>& net, const Tensor<double>& x, Recompute recompute) {
  auto workspace = Workspace<double>::for_training(net, {.threads = 1, .recompute = recompute}, 7, true);
  for (int step = 0; step < 2; ++step) {
    workspace.forward(x);
    copy(workspace.output(), workspace.output_gradient());
    workspace.backward();
  }
  const auto copied = [](TensorView<const double> of) {
    Tensor<double> tensor(of.shape());
    copy(of, tensor.view());
    return tensor;
  };
  return {copied(net.parameters().gradients()), copied(net.parameters().values()), copied(workspace.input_gradient()),
          workspace.memory()};
}

bool equal(const Tensor<double>& a, const Tensor<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

template <class MakeNetwork>
void check_equal(const Tensor<double>& x, const MakeNetwork& make_network) {
  const auto run = [&](Recompute recompute) {
    Network<double> net = make_network();
    return steps(net, x, recompute);
  };
  const Step kept = run(Recompute::none);
  CHECK(kept.gradients.array().isFinite().all());
  for (const Recompute recompute : every_choice) {
    CAPTURE(static_cast<int>(recompute));
    const Step again = run(recompute);
    CHECK(equal(again.gradients, kept.gradients));
    CHECK(equal(again.values, kept.values));  // moving statistics among them
    CHECK(equal(again.dx, kept.dx));
    CHECK(again.memory <= kept.memory);
  }
  CHECK(static_cast<double>(run(Recompute::all).memory) < 0.8 * static_cast<double>(kept.memory));
}

/// Convolutions with so many channels, each with a batch norm and a ReLU.
std::size_t memory_of_chain(Index channels, Recompute recompute) {
  Network<float> net;
  Value x = net.input({32, 32, 8});
  for (int layer = 0; layer < 4; ++layer)
    x = net.add(Relu<float>(), net.add(BatchNorm<float>(), net.add(Conv2d<float>(channels, {.kernel = 1}), x)));
  net.output(net.add(GlobalAveragePool<float>(), x), "means");
  net.initialize(1);
  auto workspace = Workspace<float>::for_training(net, {.threads = 1, .recompute = recompute});
  workspace.forward(Tensor<float>({8, 32, 32, 8}));
  return workspace.memory();
}

}  // namespace

TEST_CASE("values computed again give the gradients of values kept, to the last bit, and need less memory") {
  SUBCASE("residual blocks") {
    check_equal(gaussian_tensor<double>({3, 8, 8, 4}, 2), [] { return residual_network(); });
  }
  SUBCASE("frozen batch norms") {
    check_equal(gaussian_tensor<double>({3, 8, 8, 4}, 2), [] { return residual_network(true); });
  }
  SUBCASE("EfficientNet-B0") {
    check_equal(gaussian_tensor<double>({2, 32, 32, 3}, 4), [] {
      Network<double> net;
      const Value image = net.input({32, 32, 3});
      net.output(*efficientnet_b0(net, image, {.classes = 5}).logits, "logits");
      net.initialize(3);
      return net;
    });
  }
}

TEST_CASE("cheap means: beside the convolution that reads the value") {
  CHECK(memory_of_chain(4, Recompute::cheap) == memory_of_chain(4, Recompute::none));
  CHECK(memory_of_chain(4, Recompute::all) < memory_of_chain(4, Recompute::none));
  CHECK(memory_of_chain(64, Recompute::cheap) < memory_of_chain(64, Recompute::none));
}
