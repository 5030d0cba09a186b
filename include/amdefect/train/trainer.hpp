#pragma once

#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <vector>

#include "amdefect/losses/loss_function.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/optimizer.hpp"
#include "amdefect/optim/schedule.hpp"
#include "amdefect/train/callback.hpp"
#include "amdefect/train/data_loader.hpp"
#include "amdefect/train/history.hpp"

namespace amdefect {

struct TrainerOptions {
  Index epochs = 1;  ///< `unlimited_epochs` where a callback ends the training
  Index batch_size = 8;
  std::uint64_t seed = 0;            ///< of the order of samples, augmentation and dropout
  double clip_norm = 0;              ///< largest joint norm of all gradients; 0 means no limit
  int workers = 1;                   ///< threads that load data ahead
  std::string monitor = "val_loss";  ///< what the schedule observes; `loss` where there is no validation
  Execution execution{};
};

/// Trains a network on a dataset: epochs, shuffling, validation, schedule and callbacks. Prints nothing itself.
///
/// Everything random depends on the seed and on the place in the run alone, so that a run restored from a checkpoint,
/// even in the middle of an epoch, gives the same losses as one that was never interrupted.
template <class T>
class Trainer {
 public:
  /// All arguments must outlive the trainer; `optimizer` and `schedule` belong to this run.
  Trainer(Network<T>& network, Optimizer<T>& optimizer, Schedule& schedule, LossFunction<T> loss,
          const TrainerOptions& options)
      : network_(network), optimizer_(optimizer), schedule_(schedule), loss_(std::move(loss)), options_(options) {
    require(options.epochs >= 0, "trainer: the number of epochs must not be negative, got ", options.epochs);
    require(!loss_.parts.empty(), "trainer: the loss has no parts");
  }

  /// Callbacks run in the order in which they are added; a checkpoint goes last.
  template <class Added>
  Added& add(std::unique_ptr<Added> callback) {
    Added& added = *callback;
    callbacks_.push_back(std::move(callback));
    return added;
  }

  /// Trains until the last epoch, `stop` or an interruption. `validation` may be null.
  /// @throws Error if the loss is no longer finite.
  void fit(const Dataset<T>& training, const Dataset<T>* validation) {
    DataLoader<T> loader(training,
                         {.batch_size = options_.batch_size, .seed = options_.seed, .workers = options_.workers});
    std::unique_ptr<DataLoader<T>> validation_loader;
    if (validation)
      validation_loader = std::make_unique<DataLoader<T>>(
          *validation, LoaderOptions{.batch_size = options_.batch_size, .shuffle = false, .workers = options_.workers});
    workspace_ =
        std::make_unique<Workspace<T>>(Workspace<T>::for_training(network_, options_.execution, options_.seed));
    for (auto& callback : callbacks_) callback->on_begin(*this);
    while (epoch_ < options_.epochs && !stopped_ && !interrupted()) {
      EpochLog log = train_epoch(loader);
      if (interrupted() && batch_ < loader.batches()) break;
      finish_epoch(log, validation_loader.get());
    }
    for (auto& callback : callbacks_) callback->on_end(*this);
  }

  /// Mean loss parts over a dataset with the network as it is, in inference mode.
  std::vector<double> evaluate(DataLoader<T>& loader) {
    if (!inference_) inference_ = std::make_unique<Workspace<T>>(network_, options_.execution);
    Sums sums(loss_.parts.size());
    loader.start_epoch(0);
    while (const Batch<T>* batch = loader.next()) {
      inference_->forward(batch->x());
      sums.add(loss_of(*inference_, batch->targets()), batch->size());
    }
    return sums.means();
  }

  /// Ends the training after this epoch.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  /// Ends the training after this step. Safe to call from a signal handler or another thread.
  void interrupt() noexcept { interrupted_.store(true, std::memory_order_relaxed); }
  bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

  Network<T>& network() { return network_; }
  const TrainerOptions& options() const { return options_; }
  /// Finished epochs.
  const std::vector<EpochLog>& history() const { return history_; }

  /// Everything that an exact continuation needs besides the weights.
  TrainingState<T> state() const {
    TrainingState<T> state;
    auto& numbers = state.numbers;
    numbers["progress"] = {static_cast<double>(epoch_), static_cast<double>(batch_), static_cast<double>(step_),
                           stopped_ ? 1.0 : 0.0};
    numbers["sums"] = sums_.totals;
    numbers["sums_samples"] = {static_cast<double>(sums_.samples)};
    numbers["schedule"] = schedule_.state();
    numbers["optimizer_steps"] = {static_cast<double>(optimizer_.steps())};
    const std::vector<std::string> names = optimizer_.memory_names();
    for (std::size_t i = 0; i < names.size(); ++i)
      if (!optimizer_.memory(i).empty()) state.tensors["optimizer." + names[i]] = optimizer_.memory(i).clone();
    save_history(history_, state);
    for (const auto& callback : callbacks_) callback->save(state);
    return state;
  }

  /// Continues from a state of a run with the same network, data and options. Call after adding all callbacks.
  void restore(TrainingState<T> state) {
    const std::vector<double>& progress = state.at("progress");
    require(progress.size() == 4, "trainer: the state's 'progress' should have 4 numbers, got ", progress.size());
    epoch_ = static_cast<Index>(progress[0]);
    batch_ = static_cast<Index>(progress[1]);
    step_ = static_cast<Index>(progress[2]);
    stopped_ = progress[3] != 0;
    sums_.totals = state.at("sums");
    sums_.samples = static_cast<Index>(state.at("sums_samples").at(0));
    schedule_.restore(state.at("schedule"));
    optimizer_.set_steps(static_cast<std::uint64_t>(state.at("optimizer_steps").at(0)));
    history_ = restore_history(state, epoch_, options_.epochs);
    const std::vector<std::string> names = optimizer_.memory_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = state.tensors.find("optimizer." + names[i]);
      if (found == state.tensors.end()) continue;
      require_shape("trainer: optimizer state", network_.parameters().values().shape(), found->second.shape());
      optimizer_.memory(i) = std::move(found->second);
    }
    for (auto& callback : callbacks_) callback->restore(state);
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Running totals of the loss parts over an epoch.
  struct Sums {
    explicit Sums(std::size_t parts = 0) : totals(parts) {}
    void add(std::span<const double> parts, Index count) {
      for (std::size_t i = 0; i < parts.size(); ++i) totals[i] += parts[i] * static_cast<double>(count);
      samples += count;
    }
    std::vector<double> means() const {
      std::vector<double> means = totals;
      for (double& mean : means) mean /= static_cast<double>(std::max<Index>(samples, 1));
      return means;
    }
    double mean() const {
      double total = 0;
      for (const double part : totals) total += part;
      return total / static_cast<double>(std::max<Index>(samples, 1));
    }
    std::vector<double> totals;
    Index samples = 0;
  };

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  EpochLog train_epoch(DataLoader<T>& loader) {
    if (batch_ == 0) sums_ = Sums(loss_.parts.size());
    const auto start = Clock::now();
    const Index samples_before = sums_.samples;
    loader.start_epoch(epoch_, batch_);
    StepLog log{.epoch = epoch_ + 1, .epochs = options_.epochs, .batches = loader.batches()};
    while (const Batch<T>* batch = loader.next()) {
      log.learning_rate = schedule_.rate(step_);
      train_step(*batch, log.learning_rate);
      log.batch = ++batch_;
      log.loss = sums_.mean();
      log.images_per_second = static_cast<double>(sums_.samples - samples_before) / seconds_since(start);
      for (auto& callback : callbacks_) callback->on_step(*this, log);
      if (interrupted()) break;
    }
    EpochLog epoch{.epoch = log.epoch, .epochs = log.epochs};
    append_losses(epoch, "", sums_.means());
    epoch.values.emplace_back("learning_rate", log.learning_rate);
    epoch.seconds = seconds_since(start);
    epoch.images_per_second = log.images_per_second;
    epoch.wait_share = loader.seconds_waited() / epoch.seconds;
    return epoch;
  }

  void train_step(const Batch<T>& batch, double learning_rate) {
    network_.parameters().gradients().fill(T{0});
    workspace_->set_step(static_cast<std::uint64_t>(step_));
    workspace_->forward(batch.x());
    sums_.add(loss_of(*workspace_, batch.targets()), batch.size());
    require(std::isfinite(sums_.mean()), "training: the loss is not finite any more (epoch ", epoch_ + 1, ", batch ",
            batch_ + 1, "); a lower learning rate or clip_norm may help");
    workspace_->backward();
    if (options_.clip_norm > 0) clip_gradient_norm(network_.parameters(), options_.clip_norm);
    optimizer_.step(network_.parameters(), learning_rate, options_.execution.threads);
    ++step_;
  }

  /// The loss parts of a batch; fills the output gradients of a training workspace.
  std::span<const double> loss_of(const Workspace<T>& workspace, std::span<const TensorView<const T>> targets) {
    const std::size_t count = network_.outputs().size();
    outputs_.resize(count);
    gradients_.resize(count);
    parts_.assign(loss_.parts.size(), 0.0);
    for (std::size_t i = 0; i < count; ++i) {
      outputs_[i] = workspace.output(i);
      gradients_[i] = workspace.training() ? workspace.output_gradient(i) : TensorView<T>{};
    }
    loss_.evaluate({outputs_, targets, gradients_, parts_});
    return parts_;
  }

  void finish_epoch(EpochLog& log, DataLoader<T>* validation) {
    if (validation) append_losses(log, "val_", evaluate(*validation));
    for (auto& callback : callbacks_) callback->measure(*this, log);
    const double* watched = log.find(options_.monitor);
    if (!watched && options_.monitor == "val_loss") watched = log.find("loss");
    if (watched) schedule_.observe(*watched);
    history_.push_back(log);
    ++epoch_;
    batch_ = 0;
    for (auto& callback : callbacks_) callback->on_epoch(*this, log);
  }

  void append_losses(EpochLog& log, const std::string& prefix, const std::vector<double>& means) const {
    double total = 0;
    for (const double mean : means) total += mean;
    log.values.emplace_back(prefix + "loss", total);
    if (means.size() == 1) return;
    for (std::size_t i = 0; i < means.size(); ++i) log.values.emplace_back(prefix + loss_.parts[i], means[i]);
  }

  Network<T>& network_;
  Optimizer<T>& optimizer_;
  Schedule& schedule_;
  LossFunction<T> loss_;
  TrainerOptions options_;
  std::vector<std::unique_ptr<Callback<T>>> callbacks_;
  std::unique_ptr<Workspace<T>> workspace_, inference_;
  Index epoch_ = 0, batch_ = 0, step_ = 0;  // epochs finished, batches of the current one, updates so far
  Sums sums_;
  std::vector<EpochLog> history_;
  bool stopped_ = false;
  std::atomic<bool> interrupted_{false};
  std::vector<TensorView<const T>> outputs_;
  std::vector<TensorView<T>> gradients_;
  std::vector<double> parts_;
};

}  // namespace amdefect
