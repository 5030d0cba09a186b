#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "amdefect/train/trainer.hpp"

namespace amdefect {

struct CheckpointOptions {
  std::filesystem::path best{};  ///< weights of the best epoch so far; empty for none
  std::filesystem::path last{};  ///< weights and training state after each epoch and on interruption; empty for none
  std::string monitor = "val_loss";
  bool higher_is_better = false;
  SafetensorsMetadata metadata{};  ///< stored in both, e.g. the configuration
};

/// Writes the best weights and a state to resume from. Add it after all callbacks whose state it should contain.
template <class T = float>
class Checkpoint : public Callback<T> {
 public:
  /// The best weights are those of `averaged` (see WeightAverage) if there is one, else those that are trained.
  explicit Checkpoint(CheckpointOptions options, std::shared_ptr<const Network<T>> averaged = nullptr)
      : options_(std::move(options)), averaged_(std::move(averaged)) {}

  void on_epoch(Trainer<T>& trainer, const EpochLog& log) override {
    const double* value = log.find(options_.monitor);
    if (value && (!known_ || (options_.higher_is_better ? *value > best_ : *value < best_))) {
      known_ = true;
      best_ = *value;
      const Parameters<T>& weights = averaged_ ? averaged_->parameters() : trainer.network().parameters();
      if (!options_.best.empty()) save_weights(options_.best, weights, options_.metadata);
    }
    save_last(trainer);
  }
  void on_end(Trainer<T>& trainer) override {
    if (trainer.interrupted()) save_last(trainer);
  }

  void save(TrainingState<T>& state) const override { state.numbers["checkpoint"] = {known_ ? 1.0 : 0.0, best_}; }
  void restore(const TrainingState<T>& state) override {
    known_ = state.at("checkpoint").at(0) != 0;
    best_ = state.at("checkpoint").at(1);
  }

 private:
  void save_last(Trainer<T>& trainer) const {
    if (!options_.last.empty())
      save_checkpoint(options_.last, trainer.network().parameters(), trainer.state(), options_.metadata);
  }

  CheckpointOptions options_;
  std::shared_ptr<const Network<T>> averaged_;
  bool known_ = false;
  double best_ = 0;
};

}  // namespace amdefect
