#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/stored_count.hpp"
#include "amdefect/optim/best_value.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

struct EarlyStoppingOptions {
  std::string monitor =
      "val_loss";  ///< a value of the epoch log; epochs without it do not count; see EpochLog::watched
  bool higher_is_better = false;
  double min_delta = 0;
  Index patience = 10;
  bool restore_best_weights = true;  ///< at the end of training, unless it was interrupted
};

/// Ends the training when the watched value has not improved for `patience` epochs (Keras' EarlyStopping), and puts the
/// best weights back at the end.
template <class T = float>
class EarlyStopping : public Callback<T> {
 public:
  /// @throws Error for a number without meaning.
  explicit EarlyStopping(const EarlyStoppingOptions& options = {})
      : options_(options), best_(options.higher_is_better, options.min_delta) {
    require(options.min_delta >= 0 && options.patience >= 0, "early stopping: min_delta and patience are ",
            options.min_delta, " and ", options.patience, ", expected numbers of at least 0");
  }

  void on_epoch(Trainer<T>& trainer, const EpochLog& log) override {
    const double* value = log.watched(options_.monitor);
    if (!value) return;
    if (best_.improve(*value)) {
      best_epoch_ = log.epoch;
      waited_ = 0;
      if (options_.restore_best_weights) keep(trainer.network().parameters().values());
    } else if (++waited_ >= options_.patience) {
      trainer.stop();
    }
  }
  void on_end(Trainer<T>& trainer) override {
    if (options_.restore_best_weights && best_epoch_ > 0 && !trainer.interrupted())
      copy(best_weights_, trainer.network().parameters().values());
  }

  /// Epoch with the best value, counted from 1; 0 before the first.
  Index best_epoch() const { return best_epoch_; }
  /// Infinite before the first.
  double best() const { return best_.value(); }

  void save(TrainingState<T>& state) const override {
    state.numbers["early_stopping"] = {best_.value(), static_cast<double>(best_epoch_), static_cast<double>(waited_)};
    if (!best_weights_.empty()) state.tensors["early_stopping.best_weights"] = best_weights_.clone();
  }
  void restore(const TrainingState<T>& state) override {
    const std::vector<double>& numbers = state.at("early_stopping", 3);
    best_epoch_ = stored_count(numbers[1], "early_stopping");
    if (best_epoch_ > 0) best_.restore(numbers[0]);
    waited_ = stored_count(numbers[2], "early_stopping");
    if (best_epoch_ == 0 || !options_.restore_best_weights) return;
    const auto found = state.tensors.find("early_stopping.best_weights");
    require(found != state.tensors.end(), "early stopping: the state lacks the best weights");
    keep(found->second);
  }
  /// A state that knows of no best epoch, and waits for none yet, for a run whose best weights are gone.
  static void forget_best(TrainingState<T>& state) { state.numbers["early_stopping"] = {0, 0, 0}; }

 private:
  /// Copies the weights into memory that is allocated once.
  void keep(TensorView<const T> weights) {
    if (best_weights_.shape() != weights.shape()) best_weights_ = Tensor<T>(weights.shape());
    copy(weights, best_weights_.view());
  }

  EarlyStoppingOptions options_;
  BestValue best_;
  Index best_epoch_ = 0, waited_ = 0;
  Tensor<T> best_weights_;
};

AMDEFECT_COMPILED_CLASS(EarlyStopping)

}  // namespace amdefect
