#include "allocation_counter.hpp"

#include <doctest/doctest.h>

#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/losses/binary_cross_entropy.hpp"
#include "amdefect/losses/mean_squared_error.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/adam.hpp"
#include "nn/two_headed_network.hpp"

using namespace amdefect;

TEST_CASE("after the first step neither training nor inference allocates") {
  Network<float> net = two_headed_network<float>(96);
  net.initialize(1);
  const Tensor<float> batch({2, 96, 96, 3}), classes({2, 12, 4}), boxes({2, 12, 4});
  auto training = Workspace<float>::for_training(net);
  Workspace<float> inference(net);
  Adam<float> adam;
  const auto step = [&] {
    net.parameters().gradients().fill(0);
    training.forward(batch);
    binary_cross_entropy_with_logits(training.output(0), classes, training.output_gradient(0));
    mean_squared_error(training.output(1), boxes, training.output_gradient(1));
    training.backward();
    adam.step(net.parameters(), 1e-4);
    inference.forward(batch);
  };
  step();
  const long before = heap_allocations;
  step();
  step();
  CHECK(heap_allocations == before);
  const Tensor<float> probe({1});
  CHECK(heap_allocations > before);  // the counter counts
}

TEST_CASE("nor does alternating between a few sizes") {
  Network<float> net = two_headed_network<float>(96);
  net.initialize(1);
  const Tensor<float> small({1, 96, 96, 3}), large({3, 96, 96, 3});
  Workspace<float> workspace(net);
  for (const auto* batch : {&small, &large}) workspace.forward(*batch);
  const long before = heap_allocations;
  for (int round = 0; round < 3; ++round)
    for (const auto* batch : {&small, &large}) workspace.forward(*batch);
  CHECK(heap_allocations == before);
}

TEST_CASE("weights that change between batches of several sizes are prepared in the same memory") {
  Network<float> net = two_headed_network<float>(96);
  net.initialize(1);
  Workspace<float> workspace(net);
  const auto run = [&](Index size) {
    net.parameters().note_change();
    workspace.forward(Tensor<float>({size, 96, 96, 3}));
  };
  for (const Index size : {6, 5, 4, 3, 2}) run(size);
  const long before = heap_bytes;
  for (const Index size : {6, 5, 4, 3, 2}) run(size);
  CHECK(heap_bytes == before);
  run(6);
  const auto prepared = static_cast<long>(net.prepared_weights().memory());
  CHECK(prepared > 0);
  CHECK(before < static_cast<long>(workspace.memory()) + 2 * prepared);  // not once for each size
}

TEST_CASE("where memory runs out for a larger batch, a workspace has whole plans or none") {
  Network<float> net = two_headed_network<float>(32);
  net.initialize(1);
  const Tensor<float> small({1, 32, 32, 3}), large({8, 32, 32, 3});
  Workspace<float> inference(net, {.threads = 1});
  auto training = Workspace<float>::for_training(net, {.threads = 1});
  int without = 0;
  for (Workspace<float>* workspace : {&inference, &training}) {
    workspace->forward(small);
    const int failures = fail_everywhere([&] { workspace->forward(large); },
                                         [&] {
                                           CHECK((workspace->plans() == 0 || workspace->memory() > 0));
                                           if (workspace->plans() > 0) return;
                                           ++without;
                                           CHECK_THROWS_AS(workspace->output(0), Error);
                                           CHECK_THROWS_AS(workspace->backward(), Error);
                                           workspace->forward(small);
                                         });
    CHECK(failures > 3);
  }
  CHECK(without >= 2);
}

TEST_CASE("nor does a training with residuals, shared features and fused batch norms") {
  Network<float> net = anchor_free_network<float>(anchor_free_n());
  net.initialize(1);
  const Tensor<float> batch({2, 64, 64, 3});
  auto training = Workspace<float>::for_training(net);
  const auto step = [&] {
    net.parameters().gradients().fill(0);
    training.forward(batch);
    for (std::size_t i = 0; i < net.outputs().size(); ++i) training.output_gradient(i).fill(1);
    training.backward();
  };
  step();
  const long before = heap_allocations;
  step();
  CHECK(heap_allocations == before);
}
