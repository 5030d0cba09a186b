#pragma once

#include <algorithm>
#include <cmath>

#include "amdefect/losses/cross_entropy.hpp"

namespace amdefect {

/// Distribution focal loss (Li et al. 2020, arXiv:2006.04388): logits [..., bins] of a distribution over the numbers 0,
/// 1, ..., bins - 1 learn to lie around a number y by their softmax cross-entropy against the two bins next to y, each
/// weighted by how near it is: -((i + 1 - y) log p_i + (y - i) log p_(i+1)), i = floor(y). Targets [...] outside of 0
/// to bins - 1 count as the nearest end. A row of logits is one term. Writes d loss / d pred unless `dpred` is empty.
/// @throws ShapeError if the shapes do not fit.
template <class T>
double distribution_focal(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                          const detail::Reduction<T>& reduction = {}) {
  const detail::LossInput<T> logits(pred);
  detail::require_loss_shapes("distribution_focal", logits, logits, dpred);
  const Index bins = pred.rank() > 0 ? pred.shape().back() : 0;
  require<ShapeError>(bins > 0 && target.size() * bins == pred.size(),
                      "distribution_focal: expected one number per row of ", pred.shape(), ", got ", target.shape());
  return detail::reduce_softmax_rows("distribution_focal", logits, dpred, reduction, {}, [&](Index row, Index bin) {
    const double y = std::clamp(static_cast<double>(target[row]), 0.0, static_cast<double>(bins - 1));
    return std::max(0.0, 1 - std::abs(y - static_cast<double>(bin)));
  });
}

/// The same as a loss for a trainer.
inline OutputLoss distribution_focal() {
  return OutputLoss([](auto output, auto target, auto gradient, const auto& reduction) {
    return distribution_focal(output, target, gradient, reduction);
  });
}

}  // namespace amdefect
