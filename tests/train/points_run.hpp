#pragma once

#include <doctest/doctest.h>

#include "amdefect/losses/cross_entropy.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/trainer.hpp"

// A small training that the tests of the trainer share.
namespace amdefect {

/// Points of two classes, with noise drawn anew at every load.
class Points : public Dataset<float> {
 public:
  explicit Points(Index size) : size_(size) {}
  Index size() const override { return size_; }
  Shape sample_shape() const override { return {2}; }
  std::vector<Shape> target_shapes() const override { return {{2}}; }
  void load(Index sample, Random& random, TensorView<float> x,
            std::span<const TensorView<float>> targets) const override {
    const bool second = sample % 2 == 1;
    x[0] = static_cast<float>(random.normal(second ? 1 : -1, 0.3));
    x[1] = static_cast<float>(random.normal(0, 1));
    targets[0][0] = second ? 0.0f : 1.0f;
    targets[0][1] = second ? 1.0f : 0.0f;
  }

 private:
  Index size_;
};

/// A classifier of points without anything random.
inline Sequential<float> small_net() {
  Sequential<float> net({2});
  net.add(Dense<float>(8)).add(Relu<float>()).add(Dense<float>(2));
  net.initialize(1);
  return net;
}

/// A run with everything that has a state: batch norm, dropout, Adam, plateau, early stopping.
struct Run {
  explicit Run(Index epochs, const std::filesystem::path& last = {}, double rate = 0.01)
      : net({2}), schedule(rate, {.factor = 0.5, .patience = 1, .min_delta = 0}) {
    net.add(Dense<float>(8)).add(BatchNorm<float>()).add(Relu<float>()).add(Dropout<float>(0.2)).add(Dense<float>(2));
    net.initialize(1);
    const auto loss = single_loss<float>([](const LossArguments<float>& a) {
      return softmax_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0]);
    });
    trainer = std::make_unique<Trainer<float>>(
        net, adam, schedule, loss,
        TrainerOptions{.epochs = epochs, .batch_size = 8, .seed = 3, .execution = {.threads = 1}});
    stopping = &trainer->add(std::make_unique<EarlyStopping<float>>(EarlyStoppingOptions{.patience = 3}));
    trainer->add(std::make_unique<Checkpoint<float>>(CheckpointOptions{.last = last}));
  }
  void fit() { trainer->fit(training, &validation); }

  Points training{60}, validation{20};
  Sequential<float> net;
  Adam<float> adam;
  ReduceOnPlateau schedule;
  std::unique_ptr<Trainer<float>> trainer;
  EarlyStopping<float>* stopping = nullptr;
};

/// Interrupts after a number of steps, as Ctrl-C would.
class InterruptAfter : public Callback<float> {
 public:
  explicit InterruptAfter(int steps) : steps_(steps) {}
  void on_step(Trainer<float>& trainer, const StepLog&) override {
    if (--steps_ == 0) trainer.interrupt();
  }

 private:
  int steps_;
};

inline void check_equal(const Run& a, const Run& b) {
  REQUIRE(a.trainer->history().size() == b.trainer->history().size());
  for (std::size_t i = 0; i < a.trainer->history().size(); ++i)
    CHECK(a.trainer->history()[i].values == b.trainer->history()[i].values);
  CHECK((a.net.parameters().values().array() == b.net.parameters().values().array()).all());
}

/// A batch of two points, (first, 0) and (0, 1), of the two classes.
inline Batch<float> two_points(float first) {
  Tensor<float> x({2, 2}), target({2, 2});
  x[0] = first;
  x[3] = 1;
  target[0] = target[3] = 1;
  return {std::move(x), std::move(target)};
}

}  // namespace amdefect
