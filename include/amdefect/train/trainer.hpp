#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/stored_count.hpp"
#include "amdefect/optim/optimizer.hpp"
#include "amdefect/optim/schedule.hpp"
#include "amdefect/train/batch_gradients.hpp"
#include "amdefect/train/batch_loss.hpp"
#include "amdefect/train/callback.hpp"
#include "amdefect/train/data_loader.hpp"
#include "amdefect/train/held.hpp"
#include "amdefect/train/history.hpp"
#include "amdefect/train/loss_sums.hpp"
#include "amdefect/train/nonfinite.hpp"
#include "amdefect/train/optimizer_state.hpp"
#include "amdefect/train/shared_evaluation.hpp"
#include "amdefect/train/shared_step.hpp"

namespace amdefect {

/// Trains a network on a dataset: epochs, shuffling, validation, schedule and callbacks. Prints nothing itself.
///
///     Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), {.epochs = 30});
///     trainer.add(Progress{std::cout}).add(Checkpoint{"run"});
///     trainer.fit(training, validation);
///
/// Everything random depends on the seed and on the position in the run alone, so that a run restored from a
/// checkpoint, even in the middle of an epoch, gives the same losses as one that was never interrupted.
///
/// Where `TrainerOptions::group` names several processes, each makes the same trainer with the same callbacks and calls
/// the same functions, which then work together: an update is that of one process with a batch as large as all of
/// theirs.
template <class T>
class Trainer {
  using AnyOptimizer = std::type_identity_t<detail::Held<Optimizer<T>>>;
  using AnyLoss = std::type_identity_t<LossFunction<T>>;

 public:
  /// Trains with the optimiser's own learning rate. The network must outlive the trainer. So must an optimiser (and a
  /// schedule) that has a name; a temporary, `Adam{1e-3}`, moves into the trainer, and so does a unique or shared
  /// pointer. An optimiser serves one run. @throws Error if the optimiser has no learning rate, or another trainer has
  /// it, and for options without meaning.
  Trainer(Network<T>& network, AnyOptimizer optimizer, AnyLoss loss, const TrainerOptions& options = {})
      : Trainer(network, std::move(loss), options, optimizer, std::make_shared<ConstantRate>(rate_of(*optimizer))) {}

  /// Trains with the learning rate of a schedule. @throws Error if the optimiser has one of its own, too.
  Trainer(Network<T>& network, AnyOptimizer optimizer, detail::Held<Schedule> schedule, AnyLoss loss,
          const TrainerOptions& options = {})
      : Trainer(network, std::move(loss), options, std::move(optimizer), std::move(schedule)) {
    require(!optimizer_->learning_rate(), "trainer: the optimiser has a learning rate of its own and there is a ",
            "schedule, too: only one of them can say what the rate is");
  }

  ~Trainer();

  /// Callbacks run in the order in which they are added; a checkpoint goes last. This form moves a callback in and
  /// returns the trainer, so that calls chain; the others return the callback, to be asked later.
  template <class Added>
  requires std::derived_from<Added, Callback<T>> Trainer& add(Added&& callback) {
    add(std::make_unique<Added>(std::forward<Added>(callback)));
    return *this;
  }
  template <std::derived_from<Callback<T>> Added>
  Added& add(std::unique_ptr<Added> callback) {
    require(callback != nullptr, "trainer: got a null pointer in place of a callback");
    Added& added = *callback;
    callbacks_.push_back(std::move(callback));
    return added;
  }
  /// Makes the callback in the trainer: `trainer.add<InterruptAfter>(10)`, `trainer.add<Progress>(std::cout)`.
  template <std::derived_from<Callback<T>> Added, class... Arguments>
  requires std::constructible_from<Added, Arguments...> Added& add(Arguments&&... arguments) {
    return add(std::make_unique<Added>(std::forward<Arguments>(arguments)...));
  }
  template <template <class> class Added, class... Arguments>
  Added<T>& add(Arguments&&... arguments) {
    return add(std::make_unique<Added<T>>(std::forward<Arguments>(arguments)...));
  }

  /// Trains until the last epoch, `stop` or an interruption, with or without validation after each epoch. Another call
  /// goes on where this one ended: `epochs` are those of all calls.
  /// @throws Error that names step, image and layer or weight if a loss, a gradient or a weight is no longer finite.
  void fit(const MultiInputDataset<T>& training) { fit(training, nullptr); }
  void fit(const MultiInputDataset<T>& training, const MultiInputDataset<T>& validation) { fit(training, &validation); }
  /// `validation` may be null.
  void fit(const MultiInputDataset<T>& training, const MultiInputDataset<T>* validation);

  /// One step of a training loop of one's own: adds the gradients of the batch and, after every
  /// `TrainerOptions::accumulate`th call, updates the weights. Of the callbacks only `on_gradients` is called. Returns
  /// the parts of the loss before the update, in the order of the loss function.
  ///
  ///     Batch batch(std::move(x), std::move(target));
  ///     for (int i = 0; i < 100; ++i) std::cout << trainer.step(batch)[0] << '\n';
  ///
  /// @throws Error if the loss or a gradient is not finite; see TrainerOptions::on_nonfinite.
  std::vector<double> step(const Batch<T>& batch);

  /// Mean loss parts over a dataset with the network as it is, in inference mode; the processes of a group share the
  /// batches. @throws Error if one is not finite; see TrainerOptions::on_nonfinite.
  std::vector<double> evaluate(const MultiInputDataset<T>& dataset) {
    DataLoader<T> loader(dataset, options_.validation_loader());
    return evaluate(loader);
  }
  /// Of a group each process has the loader of its part, see `TrainerOptions::validation_loader`.
  std::vector<double> evaluate(DataLoader<T>& loader);

  /// Ends the training after this epoch.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  /// Whether there is no epoch left to train.
  bool finished() const { return stopped_ || epoch_ >= options_.epochs; }
  /// Ends the training after this update. Safe to call from a signal handler or another thread.
  void interrupt() noexcept { interrupted_.store(true, std::memory_order_relaxed); }
  /// Of a group: whether any process is asked to end, which all learn at the next update.
  bool interrupted() const {
    return group() ? shared_ && shared_->end() : interrupted_.load(std::memory_order_relaxed);
  }

  /// The processes that train together; null if this one is alone.
  ProcessGroup* group() const { return options_.group.get(); }
  /// Whether this is the process that prints and writes files.
  bool leads() const { return !group() || group()->rank() == 0; }
  /// A number of the process that leads, for decisions that all have to take alike. All have to call it.
  double of_leader(double number) const { return group() ? share(*group(), number) : number; }
  /// Of the exchange of gradients.
  CommunicationTime communication() const { return shared_ ? shared_->time() : CommunicationTime{}; }

  Network<T>& network() { return network_; }
  Optimizer<T>& optimizer() { return *optimizer_; }
  Schedule& schedule() { return *schedule_; }
  /// Of the next update.
  double learning_rate() const { return schedule_->rate(step_); }
  const TrainerOptions& options() const { return options_; }
  /// Finished epochs.
  const std::vector<EpochLog>& history() const { return history_; }

  /// Everything that an exact continuation needs besides the weights. @throws Error between the batches of one update.
  TrainingState<T> state() const;

  /// Continues from a state of a run with the same network, data and options. Call after adding all callbacks. Where
  /// another number of processes shares the batches, it goes on behind the samples that were seen, or shortly before
  /// their end where that is within a batch.
  void restore(TrainingState<T> state);
  /// Continues from the file that `Checkpoint` keeps, weights and state. @throws FileError if it does not fit.
  void resume(const std::filesystem::path& checkpoint) {
    restore(load_checkpoint(read_safetensors(checkpoint), network_.parameters()));
  }

 private:
  using Clock = std::chrono::steady_clock;

  Trainer(Network<T>& network, AnyLoss loss, const TrainerOptions& options, AnyOptimizer optimizer,
          detail::Held<Schedule> schedule);

  static double rate_of(const Optimizer<T>& optimizer) {
    require(optimizer.learning_rate().has_value(),
            "trainer: there is no learning rate: give one to the optimiser, Adam{1e-3}, or add a schedule");
    return *optimizer.learning_rate();
  }

  void start_training() {
    const Index part = group() ? group()->rank() : options_.shard.index;
    if (group() && !shared_) {
      network_.parameters().allocate_gradients();
      shared_ = std::make_unique<detail::SharedStep<T>>(options_, network_, interrupted_);
    }
    const auto seed = options_.seed + static_cast<std::uint64_t>(part);  // shards drop other values
    gradients_.start(options_.execution, seed, shared_.get());
  }

  /// A number of batches of `size` as one of batches of `now`.
  static Index rescaled(Index count, Index size, Index now) {
    require(size > 0, "trainer: the state is of batches of 0 samples");
    if (size == now) return count;
    return static_cast<Index>(static_cast<double>(count) * static_cast<double>(size) / static_cast<double>(now));
  }

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  EpochLog train_epoch(DataLoader<T>& loader) {
    if (batch_ == 0) sums_ = detail::LossSums(loss_.parts().size());
    const auto start = Clock::now();
    const Index samples_before = sums_.samples;
    loader.start_epoch(epoch_, batch_);
    StepLog log{.epoch = epoch_ + 1, .epochs = options_.epochs, .batches = loader.batches()};
    while (const Batch<T>* batch = loader.next()) {
      log.learning_rate = learning_rate();
      const bool last = gradients_.pending() + 1 == options_.accumulate || batch_ + 1 == log.batches;
      const bool used = add_gradients(
          *batch, last, [&] { return concat("epoch ", epoch_ + 1, ", batch ", batch_ + 1, ", update ", step_ + 1); },
          [&](Index k) { return loader.sample_name(k); });
      if (used) sums_.add(loss_.parts(), shared_ ? shared_->samples() : batch->size());
      log.batch = ++batch_;
      log.updated = gradients_.pending() == options_.accumulate || (batch_ == log.batches && gradients_.pending() > 0);
      if (log.updated) update(log.learning_rate);
      log.loss = sums_.mean();
      log.images_per_second = static_cast<double>(sums_.samples - samples_before) / seconds_since(start);
      for (auto& callback : callbacks_) callback->on_step(*this, log);
      if (interrupted() && gradients_.pending() == 0) break;
    }
    require(sums_.samples > 0 || batch_ < log.batches, "training: every batch of epoch ", log.epoch, " was skipped");
    EpochLog epoch{.epoch = log.epoch, .epochs = log.epochs};
    loss_.append(sums_.means(), "", epoch);
    epoch.values.emplace_back("learning_rate", log.learning_rate);
    epoch.seconds = seconds_since(start);
    epoch.images_per_second = log.images_per_second;
    epoch.wait_share = loader.seconds_waited() / epoch.seconds;
    return epoch;
  }

  static std::string sample_of_batch(Index k) { return concat("sample ", k, " of the batch"); }

  /// `position()` says in an error where in the training it was, `name(k)` which sample. False if the batch is skipped.
  template <class Position>
  bool add_gradients(const Batch<T>& batch, bool last, const Position& position, const detail::SampleNames& name) {
    const Index passes = step_ * options_.accumulate + gradients_.pending();
    const std::string problem = gradients_.add(batch, loss_, static_cast<std::uint64_t>(passes), last, position, name);
    if (!problem.empty()) leave(problem);
    return problem.empty();
  }

  /// Skips a batch, or ends the training. Nothing is left to skip for where weights are broken.
  void leave(const std::string& problem) {
    const Parameter* broken = detail::nonfinite_weight(network_.parameters());
    if (options_.on_nonfinite == OnNonfinite::stop || broken)
      throw Error(concat("training: ", problem,
                         broken ? concat("; the weights '", broken->name, "' are no longer finite") : "",
                         "; a lower learning rate", options_.clip_norm > 0 ? "" : " or clip_norm", " may help"));
    for (auto& callback : callbacks_) callback->on_skip(*this, problem);
  }

  /// Changes the weights by the mean of the gradients that were added.
  void update(double learning_rate) {
    Parameters<T>& parameters = network_.parameters();
    gradients_.take_mean();
    for (auto& callback : callbacks_) callback->on_gradients(*this, parameters);
    if (options_.clip_norm > 0) clip_gradient_norm(parameters, options_.clip_norm);
    optimizer_->step(parameters, learning_rate, options_.execution.threads);
    ++step_;
  }

  void finish_epoch(EpochLog& log, DataLoader<T>* validation) {
    if (validation) loss_.append(evaluate(*validation), "val_", log);
    if (shared_) stopped_ = shared_->any(stopped_);  // which `measure` may look at
    for (auto& callback : callbacks_) callback->measure(*this, log);
    if (group()) detail::share_values(*group(), log);
    if (const double* watched = log.watched(options_.monitor)) schedule_->observe(*watched);
    history_.push_back(log);
    ++epoch_;
    batch_ = 0;
    for (auto& callback : callbacks_) callback->on_epoch(*this, log);
    if (shared_) stopped_ = shared_->any(stopped_);
  }

  Network<T>& network_;
  detail::Held<Optimizer<T>> optimizer_;
  detail::Held<Schedule> schedule_;
  detail::BatchLoss<T> loss_;
  TrainerOptions options_;
  std::vector<std::unique_ptr<Callback<T>>> callbacks_;
  detail::BatchGradients<T> gradients_;
  std::unique_ptr<detail::SharedStep<T>> shared_;  // null: this process is alone
  std::unique_ptr<Workspace<T>> inference_;
  Index epoch_ = 0, batch_ = 0, step_ = 0;  // epochs finished, batches of the current one, updates so far
  detail::LossSums sums_;
  std::vector<EpochLog> history_;
  bool stopped_ = false;
  std::atomic<bool> interrupted_{false};
};

template <class T>
Trainer<T>::~Trainer() {
  optimizer_->give_back();
}

template <class T>
void Trainer<T>::fit(const MultiInputDataset<T>& training, const MultiInputDataset<T>* validation) {
  DataLoader<T> loader(training, options_.training_loader());
  std::unique_ptr<DataLoader<T>> validation_loader;
  if (validation) validation_loader = std::make_unique<DataLoader<T>>(*validation, options_.validation_loader());
  start_training();
  for (auto& callback : callbacks_) callback->on_begin(*this);
  while (!finished() && !interrupted()) {
    EpochLog log = train_epoch(loader);
    detail::require_finite_weights(network_.parameters(), log.epoch, step_);
    if (interrupted() && batch_ < loader.batches()) break;
    finish_epoch(log, validation_loader.get());
  }
  for (auto& callback : callbacks_) callback->on_end(*this);
  if (group()) group()->barrier();  // what the first one writes is there
}

template <class T>
std::vector<double> Trainer<T>::step(const Batch<T>& batch) {
  require(batch.size() > 0, "trainer: a step needs at least one sample, got an empty batch");
  if (!gradients_.started()) start_training();
  std::vector<double> parts;
  parts.reserve(loss_.parts().size());  // first, so that nothing fails behind the update
  add_gradients(
      batch, gradients_.pending() + 1 == options_.accumulate, [&] { return concat("update ", step_ + 1); },
      sample_of_batch);
  if (gradients_.pending() == options_.accumulate) update(learning_rate());
  parts.assign(loss_.parts().begin(), loss_.parts().end());
  return parts;
}

template <class T>
std::vector<double> Trainer<T>::evaluate(DataLoader<T>& loader) {
  if (!inference_) inference_ = std::make_unique<Workspace<T>>(network_, options_.execution);
  detail::LossSums sums(loss_.parts().size());
  std::optional<detail::SharedEvaluation> shared;
  require(!group() || loader.options().shard.dealing == Dealing::batches,
          "trainer: a group evaluates with loaders of its parts, see TrainerOptions::validation_loader");
  if (group()) shared.emplace(*group(), loss_.parts().size(), loader.all_batches());
  loader.start_epoch(0);
  while (const Batch<T>* batch = loader.next()) {
    inference_->forward(batch->inputs());
    std::string problem;
    if (!detail::all_finite(loss_.evaluate(*inference_, batch->targets())))
      problem =
          concat("the loss is not finite (evaluation, epoch ", epoch_ + 1,
                 "): ", detail::nonfinite_cause(*inference_, *batch, [&](Index k) { return loader.sample_name(k); }));
    if (shared)
      shared->add(loss_.parts(), batch->size(), std::move(problem));
    else if (problem.empty())
      sums.add(loss_.parts(), batch->size());
    else
      leave(problem);
  }
  if (shared) sums = shared->sums([&](const std::string& problem) { leave(problem); });
  require(sums.samples > 0, "trainer: no batch of the data has a finite loss");
  return sums.means();
}

template <class T>
TrainingState<T> Trainer<T>::state() const {
  require(gradients_.pending() == 0, "trainer: the state can be had only after an update, now gradients of ",
          gradients_.pending(), " batches wait for one");
  TrainingState<T> state;
  auto& numbers = state.numbers;
  numbers["progress"] = {static_cast<double>(epoch_), static_cast<double>(batch_), static_cast<double>(step_),
                         stopped_ ? 1.0 : 0.0};
  numbers["epochs"] = {static_cast<double>(options_.epochs)};
  numbers["batches"] = {static_cast<double>(options_.batch_size * options_.processes()),
                        static_cast<double>(options_.global_batch())};
  numbers["sums"] = sums_.totals;
  numbers["sums_samples"] = {static_cast<double>(sums_.samples)};
  numbers["schedule"] = schedule_->state();
  save_optimizer(*optimizer_, state);
  save_history(history_, state);
  for (const auto& callback : callbacks_) callback->save(state);
  return state;
}

template <class T>
void Trainer<T>::restore(TrainingState<T> state) {
  const std::vector<double>& progress = state.at("progress", 4);
  epoch_ = stored_count(progress[0], "progress");
  batch_ = stored_count(progress[1], "progress");
  step_ = stored_count(progress[2], "progress");
  stopped_ = progress[3] != 0;
  if (state.numbers.contains("batches")) {  // runs of before do not say
    const std::vector<double>& batches = state.at("batches", 2);
    batch_ = rescaled(batch_, stored_count(batches[0], "batches"), options_.batch_size * options_.processes());
    step_ = rescaled(step_, stored_count(batches[1], "batches"), options_.global_batch());
  }
  sums_.totals = state.at("sums", loss_.parts().size());
  sums_.samples = stored_count(state.at("sums_samples", 1)[0], "sums_samples");
  schedule_->restore(state.at("schedule"));
  restore_optimizer(*optimizer_, state, network_.parameters().values().shape());
  history_ = restore_history(state, epoch_, options_.epochs);
  for (auto& callback : callbacks_) callback->restore(state);
}

template <class T>
Trainer<T>::Trainer(Network<T>& network, AnyLoss loss, const TrainerOptions& options, AnyOptimizer optimizer,
                    detail::Held<Schedule> schedule)
    : network_(network),
      optimizer_(std::move(optimizer)),
      schedule_(std::move(schedule)),
      loss_(std::move(loss)),
      options_(options),
      gradients_(network),
      sums_(loss_.parts().size()) {
  options.check();
  if (group() && group()->size() == 1) options_.group = nullptr;
  optimizer_->take();
}

AMDEFECT_COMPILED_CLASS(Trainer)

}  // namespace amdefect
