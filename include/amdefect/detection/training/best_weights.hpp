#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/optim/best_value.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// Remembers the weights of another network (see WeightAverage) as they were after the best epoch, and puts them back
/// when the training ends, unless it was interrupted. For trainings without a Checkpoint, which has them in a file.
class BestWeights : public Callback<float> {
 public:
  BestWeights(std::shared_ptr<Network<float>> network, std::string monitor, bool higher_is_better)
      : network_(std::move(network)), monitor_(std::move(monitor)), best_value_(higher_is_better) {}

  void on_epoch(Trainer<float>&, const EpochLog& log) override {
    const double* value = log.find(monitor_);
    if (!value || !best_value_.improve(*value)) return;
    const TensorView<const float> values = std::as_const(*network_).parameters().values();
    copy(values, ensure_capacity(best_, values.shape()));
  }
  void on_end(Trainer<float>& trainer) override {
    if (!best_.empty() && !trainer.interrupted()) copy(best_, network_->parameters().values());
  }
  /// Those of the run that is resumed lie beside its checkpoint.
  void restore(const TrainingState<float>& state) override {
    const std::vector<double>& numbers = state.at("checkpoint", 2);
    if (numbers[0] == 0) return;
    best_value_.restore(numbers[1]);
    const TensorView<float> values = network_->parameters().values();
    copy(values, ensure_capacity(best_, values.shape()));
    load_weights(state.file.parent_path() / "best.safetensors", network_->parameters());
    std::swap_ranges(values.begin(), values.end(), best_.begin());
  }

 private:
  std::shared_ptr<Network<float>> network_;
  std::string monitor_;
  BestValue best_value_;
  Tensor<float> best_;
};

}  // namespace amdefect
