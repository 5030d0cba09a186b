#include "amdefect/nn/prepared_weights.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/predict.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/adam.hpp"
#include "nn/uniform_tensor.hpp"

using namespace amdefect;

namespace {

/// Every way in which a convolution is fused, Winograd's algorithm and the others, one with groups.
Sequential<float> small_network() {
  Sequential<float> net({12, 12, 3});
  net.add(Conv2d(16, {.kernel = 3}), BatchNorm(), Relu());
  net.add(Conv2d(16, {.kernel = 3}), Relu(), BatchNorm());
  net.add(Conv2d(16, {.kernel = 3, .groups = 16}), BatchNorm(), Relu());
  net.add(Conv2d(8, {.kernel = 1}), Relu());
  net.add(Conv2d(4, {.kernel = 5, .stride = 2}), GlobalAveragePool());
  net.initialize(1);
  return net;
}

/// What a network with the same weights that has never run before answers.
Tensor<float> answer_afresh(const Network<float>& net, const Tensor<float>& x) {
  Sequential<float> fresh = small_network();
  copy(net.parameters().values(), fresh.parameters().values());
  return predict(fresh, x);
}

bool equal(TensorView<const float> a, TensorView<const float> b) { return (a.array() == b.array()).all(); }

}  // namespace

TEST_CASE("prepared weights follow every change of the weights") {
  Sequential<float> net = small_network();
  const Tensor<float> x = uniform_tensor({2, 12, 12, 3}, 2);
  Workspace<float> inference(net);
  inference.forward(x);
  Tensor<float> before(inference.output().shape(), inference.output().span());
  const auto changed = [&] {
    inference.forward(x);
    const bool differs = !equal(inference.output(), before);
    copy(inference.output(), before.view());
    return differs && equal(before, answer_afresh(net, x));
  };

  TensorView<float> kept = net.parameters().value("conv2d.kernel");
  kept[0] += 1;
  CHECK(changed());
  kept[0] += 1;  // through the same view: that has to be said
  net.parameters().note_change();
  CHECK(changed());

  Workspace<float> training = Workspace<float>::for_training(net);
  inference.forward(x);
  training.forward(x);  // updates the moving statistics
  CHECK(changed());
  training.output_gradient().fill(1);
  training.backward();
  Adam<float> adam(0.1);
  adam.step(net.parameters(), 0.1);
  CHECK(changed());
  net.initialize(7);
  CHECK(changed());
}

TEST_CASE("prepared weights are shared by workspaces, image sizes and threads") {
  const Sequential<float> net = small_network();
  CHECK(net.prepared_weights().memory() == 0);
  const Tensor<float> x = uniform_tensor({1, 12, 12, 3}, 3), larger = uniform_tensor({3, 40, 24, 3}, 4);
  const Tensor<float> expected = predict(net, x), expected_larger = predict(net, larger);
  const std::size_t memory = net.prepared_weights().memory();
  CHECK(memory > 0);
  std::vector<int> right(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < right.size(); ++t)
    threads.emplace_back([&, t] {
      Workspace<float> workspace(net, {.threads = 1});
      for (int i = 0; i < 10; ++i) {
        workspace.forward(x);
        right[t] += equal(workspace.output(), expected);
        workspace.forward(larger);
        right[t] += equal(workspace.output(), expected_larger);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) CHECK(count == 20);
  CHECK(net.prepared_weights().memory() == memory);
}

TEST_CASE("one image of another size may need another form of the same weights, and both are kept") {
  const Sequential<float> net = small_network();
  predict(net, uniform_tensor({1, 2, 2, 3}, 5));  // too few pixels for Winograd's algorithm
  const std::size_t small = net.prepared_weights().memory();
  predict(net, uniform_tensor({1, 64, 64, 3}, 6));
  const std::size_t both = net.prepared_weights().memory();
  CHECK(both > small);
  predict(net, uniform_tensor({1, 2, 2, 3}, 5));
  CHECK(net.prepared_weights().memory() == both);
}

TEST_CASE("the memory of prepared weights is used again, but not while somebody reads it") {
  PreparedWeights prepared;
  const auto get = [&](std::uint64_t weights, int value) {
    return prepared.get(weights, 0, 0, 64, [&](std::byte* to) { std::fill_n(to, 64, static_cast<std::byte>(value)); });
  };
  PreparedWeights::Block held = get(1, 10), newer = get(2, 20);
  CHECK((*held)[63] == std::byte{10});
  CHECK((*newer)[63] == std::byte{20});
  CHECK(get(2, 30) == newer);  // made of these weights already
  const std::byte* memory = newer->data();
  held.reset();
  newer.reset();
  CHECK(get(3, 40)->data() == memory);
}

TEST_CASE("weights whose preparation failed count as not prepared") {
  PreparedWeights prepared;
  const auto get = [&](std::uint64_t weights, int value, bool fails = false) {
    return prepared.get(weights, 0, 0, 1, [&](std::byte* to) {
      *to = static_cast<std::byte>(value);
      require(!fails, "no memory");
    });
  };
  get(1, 10);
  CHECK_THROWS_AS(get(2, 20, true), Error);
  CHECK((*get(1, 11))[0] == std::byte{11});  // what was there has been written over
  CHECK_THROWS_AS(get(2, 21, true), Error);
  CHECK((*get(2, 22))[0] == std::byte{22});
}

TEST_CASE("while one thread prepares weights, the others wait, and share them") {
  PreparedWeights prepared;
  std::atomic<int> started = 0, writes = 0, right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      ++started;
      const PreparedWeights::Block block = prepared.get(1, 0, 0, 64, [&](std::byte* to) {
        ++writes;
        while (started < 4) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // as long as a preparation takes
        std::fill_n(to, 64, std::byte{10});
      });
      right += (*block)[63] == std::byte{10};
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(writes == 1);
  CHECK(right == 4);
}
