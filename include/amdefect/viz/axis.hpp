#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "amdefect/metrics/coco_validate.hpp"
#include "amdefect/viz/text.hpp"

namespace amdefect {

/// An axis of a plot. A limit that is not given follows from the data; a logarithmic axis shows positive values only;
/// an axis of whole numbers (epochs) has no ticks between them.
struct PlotAxis {
  std::string title{};
  bool logarithmic = false;
  std::optional<double> low{}, high{};
  bool whole_numbers = false;
};

struct PlotTick {
  double value = 0;
  std::string label;
};

namespace detail {

inline bool can_plot(double value, bool logarithmic) {
  return is_finite(value) && std::abs(value) <= 1e300 && (!logarithmic || value >= 1e-300);
}

/// The step of 1, 2 or 5 times a power of ten that divides `range` into at most `count` parts.
inline double nice_step(double range, int count) {
  const double rough = range / count, power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/// The range of an axis, its ticks, and where a value lies on it.
class AxisScale {
 public:
  /// `values`: all that is drawn along the axis; what cannot be drawn is passed over.
  AxisScale(const PlotAxis& axis, const std::vector<double>& values) : logarithmic_(axis.logarithmic) {
    double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
    for (const double value : values) {
      if (!can_plot(value, logarithmic_)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    if (low > high) low = high = 1;
    if (axis.low && can_plot(*axis.low, logarithmic_)) low = *axis.low;
    if (axis.high && can_plot(*axis.high, logarithmic_)) high = *axis.high;
    low_ = map(std::min(low, high));
    high_ = map(std::max(low, high));
    if (high_ - low_ <= 1e-9 * std::max(std::abs(low_), std::abs(high_))) {  // a single value gets some room
      const double room = logarithmic_ ? std::log10(2.0) : low_ == 0 ? 1 : std::abs(low_) / 2;
      low_ -= room;
      high_ += room;
    }
    logarithmic_ ? add_logarithmic_ticks(axis) : add_linear_ticks(axis);
  }

  /// Position of a value, 0 at the lower end of the axis and 1 at the upper one.
  double position(double value) const { return (map(value) - low_) / (high_ - low_); }
  const std::vector<PlotTick>& ticks() const { return ticks_; }

 private:
  double map(double value) const { return logarithmic_ ? std::log10(value) : value; }

  /// Ends that are not given move out to the next tick.
  void add_linear_ticks(const PlotAxis& axis) {
    const double step = std::max(nice_step(high_ - low_, 5), axis.whole_numbers ? 1.0 : 0.0);
    const double slack = 1e-6;
    if (!axis.low) low_ = step * std::floor(low_ / step + slack);
    if (!axis.high) high_ = step * std::ceil(high_ / step - slack);
    const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + slack)), 0, 6);
    const double first = std::ceil(low_ / step - slack), last = std::floor(high_ / step + slack);
    for (double i = first; i <= last && ticks_.size() < 12; ++i) {
      const double value = i == 0 ? 0 : i * step;
      const bool plain = std::abs(value) < 1e5 && step >= 1e-4;
      ticks_.push_back({value, plain ? fixed_number(value, decimals) : compact_number(value)});
    }
  }
  /// Powers of ten, every second or third of them on a long axis; 1, 2, 5 on a short one, which then ends on two of
  /// them.
  void add_logarithmic_ticks(const PlotAxis& axis) {
    const double slack = 1e-9;
    const bool dense = high_ - low_ < 2.5;
    const double stride = std::max(1.0, std::ceil((high_ - low_) / 6));
    std::vector<double> values;
    for (double power = std::floor(low_ + slack); power <= std::ceil(high_ - slack); power += stride)
      for (const double factor : {1.0, 2.0, 5.0})
        if (factor == 1.0 || dense) values.push_back(factor * std::pow(10.0, power));
    if (dense) {
      const double low = low_, high = high_;
      for (const double value : values)
        if (!axis.low && map(value) <= low + slack) low_ = map(value);
      for (auto value = values.rbegin(); value != values.rend(); ++value)
        if (!axis.high && map(*value) >= high - slack) high_ = map(*value);
    }
    for (const double value : values)
      if (map(value) >= low_ - slack && map(value) <= high_ + slack) ticks_.push_back({value, compact_number(value)});
  }

  bool logarithmic_;
  double low_ = 0, high_ = 1;
  std::vector<PlotTick> ticks_;
};

}  // namespace detail
}  // namespace amdefect
