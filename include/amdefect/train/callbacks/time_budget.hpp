#pragma once

#include <chrono>

#include "amdefect/core/compiled.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// Lets a training take a given time, interruptions not counted: tells the schedule the progress by the clock (see
/// WarmupCosine; most others do not listen), and stops at the end of the epoch that is nearest to the end of the time.
/// How many steps fit in depends on the machine, so such a run cannot be repeated bit by bit; one with a number of
/// epochs can.
template <class T = float>
class TimeBudget : public Callback<T> {
 public:
  explicit TimeBudget(double seconds) : budget_(seconds) {
    require(seconds > 0, "time budget: the time must be positive, got ", seconds, " s");
  }

  void on_begin(Trainer<T>&) override { start_ = Clock::now(); }
  void on_step(Trainer<T>& trainer, const StepLog&) override {
    trainer.schedule().set_progress(trainer.of_leader(elapsed()) / budget_);
  }
  /// Before the epoch is measured, so that callbacks added later know that it is the last one.
  void measure(Trainer<T>& trainer, EpochLog& log) override {
    if (trainer.of_leader(elapsed() + 0.5 * log.seconds) >= budget_) trainer.stop();
  }

  void save(TrainingState<T>& state) const override { state.numbers["time_budget"] = {elapsed()}; }
  void restore(const TrainingState<T>& state) override {
    before_ = state.at("time_budget", 1)[0];
    require(before_ >= 0, "training state: 'time_budget' holds ", before_, " s, expected at least 0");
  }

 private:
  using Clock = std::chrono::steady_clock;

  double elapsed() const { return before_ + std::chrono::duration<double>(Clock::now() - start_).count(); }

  double budget_, before_ = 0;
  Clock::time_point start_ = Clock::now();
};

AMDEFECT_COMPILED_CLASS(TimeBudget)

}  // namespace amdefect
