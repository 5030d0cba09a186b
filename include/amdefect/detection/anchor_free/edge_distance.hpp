#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "amdefect/core/shape.hpp"
#include "amdefect/losses/logistic.hpp"

namespace amdefect {

/// How far an edge of a box is away, in strides, as the outputs of an anchor-free detector say it, and how that changes
/// with them. One output: its softplus, log(1 + e^x). Several: they are the logits of a distribution over 0, 1, 2, ...
/// strides, and the distance is its mean (Li et al. 2020, arXiv:2006.04388). Never negative.
class EdgeDistance {
 public:
  /// With fewer bins the edges of objects that suit a level would be out of reach.
  static constexpr Index least_bins = 8, most_bins = 64;

  template <class T>
  EdgeDistance(const T* outputs, Index bins) {
    if (bins == 1) {
      const detail::Logistic logistic(static_cast<double>(outputs[0]));
      value_ = logistic.cost_of_negative;
      slopes_[0] = logistic.p;
      return;
    }
    const auto top = static_cast<double>(*std::max_element(outputs, outputs + bins));
    double sum = 0;
    for (Index bin = 0; bin < bins; ++bin) {
      double& share = slopes_[static_cast<std::size_t>(bin)];
      share = std::exp(static_cast<double>(outputs[bin]) - top);
      sum += share;
      value_ += share * static_cast<double>(bin);
    }
    value_ /= sum;
    for (Index bin = 0; bin < bins; ++bin)
      slopes_[static_cast<std::size_t>(bin)] *= (static_cast<double>(bin) - value_) / sum;
  }

  double value() const { return value_; }
  /// d value / d output.
  double slope(Index output) const { return slopes_[static_cast<std::size_t>(output)]; }

 private:
  double value_ = 0;
  std::array<double, most_bins> slopes_;  // as many as there are outputs
};

}  // namespace amdefect
