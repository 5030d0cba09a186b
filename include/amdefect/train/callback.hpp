#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/train/trainer_options.hpp"
#include "amdefect/train/training_state.hpp"

namespace amdefect {

template <class T>
class Trainer;

/// What is known after a step of an epoch.
struct StepLog {
  Index epoch = 0, epochs = 0;  ///< counted from 1
  Index batch = 0, batches = 0;
  double loss = 0;  ///< mean over the epoch so far
  double learning_rate = 0;
  double images_per_second = 0;
  bool updated = true;  ///< false where the gradients still wait for those of more batches
                        ///< (TrainerOptions::accumulate), or the batch was skipped (TrainerOptions::on_nonfinite)
};

/// What is known after an epoch: named values in the order in which they are shown.
struct EpochLog {
  Index epoch = 0, epochs = 0;  ///< counted from 1
  /// loss, its parts, val_loss and its parts, learning_rate, then whatever callbacks add.
  std::vector<std::pair<std::string, double>> values{};
  double seconds = 0, images_per_second = 0;
  double wait_share = 0;  ///< part of the time that the training waited for data

  /// The value of that name, or null.
  const double* find(std::string_view name) const {
    const auto found =
        std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.first == name; });
    return found == values.end() ? nullptr : &found->second;
  }
  /// What `monitor` names; where there is no validation, `loss` stands for `val_loss`. Null if there is neither.
  const double* watched(std::string_view monitor) const {
    const double* value = find(monitor);
    return value == nullptr && monitor == "val_loss" ? find("loss") : value;
  }
  /// @throws Error that lists what there is if there is no value of that name.
  double at(std::string_view name) const {
    const double* found = find(name);
    std::string names;
    for (const auto& value : values) names += " " + value.first;
    require(found != nullptr, "training log: there is no '", name, "' among:", names);
    return *found;
  }
};

/// Something to do during training. Called in the order in which the callbacks were added.
template <class T>
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void on_begin(Trainer<T>&) {}
  /// Before each update: the gradients that clipping and optimiser will get, in `parameters.gradients()` (of frozen
  /// weights: zeros). Here they may be looked at or changed, e.g. averaged with those of other processes.
  virtual void on_gradients(Trainer<T>&, Parameters<T>& /*parameters*/) {}
  virtual void on_step(Trainer<T>&, const StepLog&) {}
  /// A batch is skipped (`TrainerOptions::on_nonfinite`); the line says where, which and why.
  virtual void on_skip(Trainer<T>&, const std::string& /*line*/) {}
  /// Adds values (metrics) to the log of an epoch before it is recorded.
  virtual void measure(Trainer<T>&, EpochLog&) {}
  /// After the epoch was recorded and the schedule has seen it.
  virtual void on_epoch(Trainer<T>&, const EpochLog&) {}
  virtual void on_end(Trainer<T>&) {}
  /// What this callback must remember for an exact resume.
  virtual void save(TrainingState<T>&) const {}
  virtual void restore(const TrainingState<T>&) {}
};

}  // namespace amdefect
