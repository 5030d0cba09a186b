#pragma once

#include <memory>
#include <string>
#include <utility>

#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// Remembers the weights of another network (see WeightAverage) as they were after the best epoch, and puts them back
/// when the training ends, unless it was interrupted. For trainings without a Checkpoint, which has them in a file.
class BestWeights : public Callback<float> {
 public:
  BestWeights(std::shared_ptr<Network<float>> network, std::string monitor, bool higher_is_better)
      : network_(std::move(network)), monitor_(std::move(monitor)), higher_is_better_(higher_is_better) {}

  void on_epoch(Trainer<float>&, const EpochLog& log) override {
    const double* value = log.find(monitor_);
    if (!value || (!best_.empty() && !(higher_is_better_ ? *value > best_value_ : *value < best_value_))) return;
    best_value_ = *value;
    const TensorView<const float> values = std::as_const(*network_).parameters().values();
    best_ = Tensor<float>(values.shape());
    copy(values, best_.view());
  }
  void on_end(Trainer<float>& trainer) override {
    if (!best_.empty() && !trainer.interrupted()) copy(best_, network_->parameters().values());
  }

 private:
  std::shared_ptr<Network<float>> network_;
  std::string monitor_;
  bool higher_is_better_;
  double best_value_ = 0;
  Tensor<float> best_;
};

}  // namespace amdefect
