#pragma once

#include <cmath>

#include "amdefect/losses/output_loss.hpp"

namespace amdefect {

struct SmoothL1Options {
  /// Where the parabola turns into a line, in units of the prediction; 0 gives the absolute error.
  double beta = 1;
};

/// Smooth L1 (Girshick 2015, as in PyTorch) of e = |pred - target|: e^2 / (2 beta) below beta, e - beta / 2 above.
/// Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if the shapes differ, Error for a negative beta.
template <class T>
double smooth_l1(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                 const detail::Reduction<T>& reduction = {}, const SmoothL1Options& options = {}) {
  const double beta = options.beta;
  require(beta >= 0, "smooth_l1: beta must not be negative, got ", beta);
  return detail::reduce_elements("smooth_l1", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [beta](double p, double t, Index) -> detail::LossTerm {
                                   const double error = p - t, size = std::abs(error);
                                   if (size < beta) return {0.5 * error * error / beta, error / beta};
                                   return {size - 0.5 * beta, error == 0 ? 0 : std::copysign(1.0, error)};
                                 });
}

/// The same as a loss for a trainer.
inline OutputLoss smooth_l1(const SmoothL1Options& options = {}) {
  return OutputLoss([options](auto output, auto target, auto gradient, const auto& reduction) {
    return smooth_l1(output, target, gradient, reduction, options);
  });
}

}  // namespace amdefect
