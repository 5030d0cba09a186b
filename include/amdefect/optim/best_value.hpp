#pragma once

#include <limits>

namespace amdefect {

/// The best of the values seen so far. What is not a number is never better than anything.
class BestValue {
 public:
  /// A value must be better by more than `min_delta` to count.
  explicit BestValue(bool higher_is_better = false, double min_delta = 0)
      : higher_is_better_(higher_is_better), min_delta_(min_delta), value_(worst()) {}

  /// Takes the value if it is the best so far; returns whether it is.
  bool improve(double value) {
    const bool better = higher_is_better_ ? value > value_ + min_delta_ : value < value_ - min_delta_;
    if (better) value_ = value;
    return better;
  }
  /// Infinite, on the side of the worst, before the first value.
  double value() const { return value_; }
  /// Continues from the value of an earlier run; forgets it if it is not a number.
  void restore(double value) { value_ = value == value ? value : worst(); }

 private:
  double worst() const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return higher_is_better_ ? -infinity : infinity;
  }

  bool higher_is_better_;
  double min_delta_, value_;
};

}  // namespace amdefect
