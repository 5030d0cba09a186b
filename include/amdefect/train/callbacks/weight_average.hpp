#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/stored_count.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// Keeps an exponential moving average of all weights and statistics in a second network, which usually detects better
/// than the weights of any single step (Polyak and Juditsky 1992). After step t, average += (1 - d) (weights - average)
/// with d = min(decay, (1 + t) / (10 + t)), so that the first steps are soon forgotten.
template <class T = float>
class WeightAverage : public Callback<T> {
 public:
  /// `average` has the same architecture as the trained network; its values are overwritten.
  explicit WeightAverage(std::shared_ptr<Network<T>> average, double decay = 0.995)
      : average_(std::move(average)), decay_(decay) {
    require(decay >= 0 && decay < 1, "weight average: the decay must be in [0, 1), got ", decay);
    average_->parameters().allocate();
  }

  void on_begin(Trainer<T>& trainer) override {
    require_shape("weight average", trainer.network().parameters().values().shape(),
                  average_->parameters().values().shape());
    if (steps_ == 0) copy(trainer.network().parameters().values(), average_->parameters().values());
  }
  void on_step(Trainer<T>& trainer, const StepLog& log) override {
    if (!log.updated) return;
    ++steps_;
    const auto t = static_cast<double>(steps_);
    const auto share = static_cast<T>(1 - std::min(decay_, (1 + t) / (10 + t)));
    const auto mean = average_->parameters().values().array();
    average_->parameters().values().array() += share * (trainer.network().parameters().values().array() - mean);
  }

  void save(TrainingState<T>& state) const override {
    state.numbers["weight_average"] = {static_cast<double>(steps_)};
    const TensorView<const T> values = std::as_const(*average_).parameters().values();
    Tensor<T>& saved = state.tensors["weight_average"] = Tensor<T>(values.shape());
    copy(values, saved.view());
  }
  void restore(const TrainingState<T>& state) override {
    steps_ = stored_count(state.at("weight_average", 1)[0], "weight_average");
    const auto found = state.tensors.find("weight_average");
    require(found != state.tensors.end(), "weight average: the state lacks the weights");
    copy(found->second, average_->parameters().values());
  }

 private:
  std::shared_ptr<Network<T>> average_;
  double decay_;
  Index steps_ = 0;
};

AMDEFECT_COMPILED_CLASS(WeightAverage)

}  // namespace amdefect
