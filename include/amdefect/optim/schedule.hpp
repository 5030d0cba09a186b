#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/core/stored_count.hpp"
#include "amdefect/optim/best_value.hpp"

namespace amdefect {

/// Says which learning rate an update uses. Ask `rate` before each update; call `observe` after each validation.
class Schedule {
 public:
  virtual ~Schedule() = default;
  /// Learning rate of update number `step`; the first one is 0.
  virtual double rate(Index step) const = 0;
  /// Takes the watched value of an epoch, e.g. the validation loss. Most schedules do not look at it.
  virtual void observe(double /*value*/) {}
  /// Takes how much of the training is done, 0 to 1, where its end is a time and not a number of updates (TimeBudget).
  /// Only schedules that are made for it look at it.
  virtual void set_progress(double /*progress*/) {}
  /// All that `observe` and `set_progress` change, as numbers; `restore` continues exactly from there.
  virtual std::vector<double> state() const { return {}; }
  /// @throws Error unless the state is one of this kind of schedule.
  virtual void restore(std::span<const double> state) { require_state_size(0, state.size()); }

 protected:
  static void require_state_size(std::size_t expected, std::size_t actual) {
    require(actual == expected, "schedule: expected a state of ", expected, " numbers, got ", actual,
            " (saved by another schedule?)");
  }
  static void require_rate(double rate) {
    require(std::isfinite(rate) && rate >= 0, "schedule: the rate is ", rate, ", expected a number of at least 0");
  }
};

namespace detail {

/// Half a cosine from `rate` at part 0 to `final_rate` at part 1.
inline double half_cosine(double rate, double final_rate, double part) {
  return final_rate + (rate - final_rate) * 0.5 * (1 + std::cos(std::numbers::pi * part));
}

/// The share (step + 1) / steps of a rate in the first `steps` updates, then all of it.
inline double linear_warmup(double rate, Index step, Index steps) {
  return step < steps ? rate * static_cast<double>(step + 1) / static_cast<double>(steps) : rate;
}

}  // namespace detail

/// The same rate for ever.
class ConstantRate final : public Schedule {
 public:
  explicit ConstantRate(double rate) : rate_(rate) { require_rate(rate); }
  double rate(Index) const override { return rate_; }

 private:
  double rate_;
};

/// Multiplies the rate by `factor` every `interval` updates.
class StepDecay final : public Schedule {
 public:
  StepDecay(double rate, double factor, Index interval) : rate_(rate), factor_(factor), interval_(interval) {
    require_rate(rate);
    require(factor > 0 && interval > 0, "step decay: factor and interval must be positive, got ", factor, " and ",
            interval);
  }
  double rate(Index step) const override {
    return rate_ * std::pow(factor_, static_cast<double>(whole_intervals(step)));
  }

 private:
  Index whole_intervals(Index step) const { return step / interval_; }

  double rate_, factor_;
  Index interval_;
};

/// Half a cosine from `rate` down to `final_rate` at update `steps`, which later updates keep
/// (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts).
class CosineDecay final : public Schedule {
 public:
  CosineDecay(double rate, Index steps, double final_rate = 0) : rate_(rate), final_rate_(final_rate), steps_(steps) {
    require_rate(rate);
    require_rate(final_rate);
    require(steps > 0, "cosine decay: the number of steps must be positive, got ", steps);
  }
  double rate(Index step) const override {
    return detail::half_cosine(rate_, final_rate_,
                               static_cast<double>(std::min(step, steps_)) / static_cast<double>(steps_));
  }

 private:
  double rate_, final_rate_;
  Index steps_;
};

/// Lets the rate of another schedule grow linearly over the first `steps` updates: 1/steps, 2/steps, ..., all of it.
class LinearWarmup final : public Schedule {
 public:
  LinearWarmup(Index steps, std::unique_ptr<Schedule> schedule) : steps_(steps), schedule_(std::move(schedule)) {
    require(steps >= 0, "linear warm-up: the number of steps must not be negative, got ", steps);
    require(schedule_ != nullptr, "linear warm-up: there is no schedule to warm up");
  }
  double rate(Index step) const override { return detail::linear_warmup(schedule_->rate(step), step, steps_); }
  void observe(double value) override { schedule_->observe(value); }
  void set_progress(double progress) override { schedule_->set_progress(progress); }
  std::vector<double> state() const override { return schedule_->state(); }
  void restore(std::span<const double> state) override { schedule_->restore(state); }

 private:
  Index steps_;
  std::unique_ptr<Schedule> schedule_;
};

/// Keras' defaults.
struct PlateauOptions {
  double factor = 0.1;
  Index patience = 10;
  double min_delta = 1e-4;
  Index cooldown = 0;
  double min_rate = 0;
  bool higher_is_better = false;
};

/// Keras' ReduceLROnPlateau: after `patience` observations without an improvement of more than `min_delta` the rate is
/// multiplied by `factor` (down to `min_rate`), and the next `cooldown` observations do not count.
class ReduceOnPlateau final : public Schedule {
 public:
  explicit ReduceOnPlateau(double rate, const PlateauOptions& options = {})
      : options_(options), rate_(rate), best_(options.higher_is_better, options.min_delta) {
    require_rate(rate);
    require(options.factor > 0 && options.factor < 1, "plateau: the factor must be between 0 and 1, got ",
            options.factor);
    require(options.patience >= 0 && options.cooldown >= 0 && options.min_delta >= 0 && options.min_rate >= 0,
            "plateau: patience, cooldown, min_delta and min_rate must not be negative");
  }

  double rate(Index) const override { return rate_; }

  void observe(double value) override {
    if (cooling_ > 0) --cooling_;
    if (best_.improve(value)) {
      waited_ = 0;
    } else if (cooling_ == 0 && ++waited_ >= options_.patience && rate_ > options_.min_rate) {
      rate_ = std::max(rate_ * options_.factor, options_.min_rate);
      cooling_ = options_.cooldown;
      waited_ = 0;
    }
  }

  std::vector<double> state() const override {
    return {rate_, best_.value(), static_cast<double>(waited_), static_cast<double>(cooling_)};
  }
  void restore(std::span<const double> state) override {
    require_state_size(4, state.size());
    require_rate(state[0]);
    rate_ = state[0];
    best_.restore(state[1]);
    waited_ = stored_count(state[2], "schedule");
    cooling_ = stored_count(state[3], "schedule");
  }

 private:
  PlateauOptions options_;
  double rate_;
  BestValue best_;
  Index waited_ = 0, cooling_ = 0;
};

}  // namespace amdefect
