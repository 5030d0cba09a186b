#pragma once

#include <algorithm>
#include <cmath>

namespace amdefect::detail {

/// What losses need of a logit x, from a single exponential of -|x|, so that nothing overflows and small values keep
/// their digits.
struct Logistic {
  double p;                 ///< sigmoid(x)
  double q;                 ///< 1 - sigmoid(x)
  double cost_of_positive;  ///< -log p = log(1 + e^-x)
  double cost_of_negative;  ///< -log q = log(1 + e^x)

  explicit Logistic(double x) {
    const double small = std::exp(-std::abs(x));
    const double likely = 1 / (1 + small), unlikely = small / (1 + small);
    p = x >= 0 ? likely : unlikely;
    q = x >= 0 ? unlikely : likely;
    const double rest = std::log1p(small);
    cost_of_positive = std::max(-x, 0.0) + rest;
    cost_of_negative = std::max(x, 0.0) + rest;
  }

  /// Binary cross-entropy against a target t in [0, 1].
  double cross_entropy(double t) const { return t * cost_of_positive + (1 - t) * cost_of_negative; }
  /// sigmoid(x) - t without cancellation near t = 0 and t = 1: also the slope of the cross-entropy.
  double error(double t) const { return (1 - t) * p - t * q; }
};

}  // namespace amdefect::detail
