#pragma once

#include "amdefect/losses/reduction.hpp"

namespace amdefect {

/// Squared error (pred - target)^2 over elements of any shape. Writes d loss / d pred unless `dpred` is empty.
/// @throws ShapeError if the shapes differ.
template <class T>
double mse(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
           const detail::Reduction<T>& reduction = {}) {
  return detail::reduce_elements("mse", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [](double p, double t, Index) -> detail::LossTerm {
                                   const double error = p - t;
                                   return {error * error, 2 * error};
                                 });
}

}  // namespace amdefect
