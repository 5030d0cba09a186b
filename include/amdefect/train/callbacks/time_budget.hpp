#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// Linear warm-up to `rate`, then half a cosine down to `final_rate`, over a progress from 0 to 1 that a `TimeBudget`
/// reports.
class ProgressCosine final : public Schedule {
 public:
  explicit ProgressCosine(double rate, double warmup = 0.05, double final_rate = 0)
      : rate_(rate), warmup_(warmup), final_rate_(final_rate) {
    require_rate(rate);
    require_rate(final_rate);
    require(warmup >= 0 && warmup < 1, "cosine: the warm-up must be in [0, 1), got ", warmup);
  }

  void set_progress(double progress) { progress_ = std::clamp(progress, 0.0, 1.0); }
  double rate(Index) const override {
    constexpr double first = 0.01;  // share of the rate at the very beginning
    if (progress_ < warmup_) return rate_ * std::max(first, progress_ / warmup_);
    const double part = (progress_ - warmup_) / (1 - warmup_);
    return final_rate_ + (rate_ - final_rate_) * 0.5 * (1 + std::cos(std::numbers::pi * part));
  }
  std::vector<double> state() const override { return {progress_}; }
  void restore(std::span<const double> state) override {
    require_state_size(1, state.size());
    set_progress(state[0]);
  }

 private:
  double rate_, warmup_, final_rate_;
  double progress_ = 0;
};

/// Lets a training take a given time, interruptions not counted: moves a schedule along with the clock, and stops at
/// the end of the epoch that is nearest to the end of the time. How many steps fit in depends on the machine, so such a
/// run cannot be repeated bit by bit; one with a number of epochs can.
template <class T = float>
class TimeBudget : public Callback<T> {
 public:
  /// The schedule is that of the trainer, or null for one that does not follow the clock.
  TimeBudget(ProgressCosine* schedule, double seconds) : schedule_(schedule), budget_(seconds) {
    require(seconds > 0, "time budget: the time must be positive, got ", seconds, " s");
  }

  void on_begin(Trainer<T>&) override { start_ = Clock::now(); }
  void on_step(Trainer<T>&, const StepLog&) override {
    if (schedule_) schedule_->set_progress(elapsed() / budget_);
  }
  /// Before the epoch is measured, so that callbacks added later know that it is the last one.
  void measure(Trainer<T>& trainer, EpochLog& log) override {
    if (elapsed() + 0.5 * log.seconds >= budget_) trainer.stop();
  }

  void save(TrainingState<T>& state) const override { state.numbers["time_budget"] = {elapsed()}; }
  void restore(const TrainingState<T>& state) override { before_ = state.at("time_budget").at(0); }

 private:
  using Clock = std::chrono::steady_clock;

  double elapsed() const { return before_ + std::chrono::duration<double>(Clock::now() - start_).count(); }

  ProgressCosine* schedule_;
  double budget_, before_ = 0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace amdefect
