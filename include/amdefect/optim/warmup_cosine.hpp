#pragma once

#include "amdefect/optim/schedule.hpp"

namespace amdefect {

struct WarmupCosineOptions {
  /// Updates of the whole training; 0: the progress is told by `set_progress`, e.g. by a TimeBudget.
  Index steps = 0;
  double warmup = 0.05;  ///< share of the training in which the rate grows
  double final_rate = 0;
};

/// Linear warm-up to `rate`, then half a cosine down to `final_rate`; the training ends with updates or with time.
///
/// Over updates this is a LinearWarmup of a CosineDecay, whose cosine runs from the first update on. Over a progress p
/// from 0 to 1, whose steps nobody can count, the rate grows as p / warmup from a hundredth on, and the cosine takes
/// the rest of the progress.
class WarmupCosine final : public Schedule {
 public:
  /// @throws Error for options without meaning.
  explicit WarmupCosine(double rate, const WarmupCosineOptions& options = {}) : rate_(rate), options_(options) {
    require_rate(rate);
    require_rate(options.final_rate);
    require(options.steps >= 0, "cosine: the number of steps must not be negative, got ", options.steps);
    require(options.warmup >= 0 && options.warmup < 1, "cosine: the warm-up must be in [0, 1), got ", options.warmup);
  }

  double rate(Index step) const override { return options_.steps > 0 ? rate_of_step(step) : rate_of_progress(); }
  void set_progress(double progress) override { progress_ = std::clamp(progress, 0.0, 1.0); }
  std::vector<double> state() const override {
    return options_.steps > 0 ? std::vector<double>{} : std::vector<double>{progress_};
  }
  void restore(std::span<const double> state) override {
    require_state_size(options_.steps > 0 ? 0 : 1, state.size());
    if (!state.empty()) set_progress(state[0]);
  }

 private:
  double rate_of_step(Index step) const {
    const auto warmup = static_cast<Index>(options_.warmup * static_cast<double>(options_.steps));
    const double part = static_cast<double>(std::min(step, options_.steps)) / static_cast<double>(options_.steps);
    return detail::linear_warmup(detail::half_cosine(rate_, options_.final_rate, part), step, warmup);
  }
  double rate_of_progress() const {
    constexpr double first = 0.01;  // share of the rate at the very beginning
    if (progress_ < options_.warmup) return rate_ * std::max(first, progress_ / options_.warmup);
    return detail::half_cosine(rate_, options_.final_rate, (progress_ - options_.warmup) / (1 - options_.warmup));
  }

  double rate_;
  WarmupCosineOptions options_;
  double progress_ = 0;
};

}  // namespace amdefect
