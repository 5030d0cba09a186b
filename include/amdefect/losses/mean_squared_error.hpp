#pragma once

#include "amdefect/losses/output_loss.hpp"

namespace amdefect {

/// Squared error (pred - target)^2 over elements of any shape. Writes d loss / d pred unless `dpred` is empty.
/// @throws ShapeError if the shapes differ.
template <class T>
double mean_squared_error(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                          const detail::Reduction<T>& reduction = {}) {
  return detail::reduce_elements("mean_squared_error", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [](double p, double t, Index) -> detail::LossTerm {
                                   const double error = p - t;
                                   return {error * error, 2 * error};
                                 });
}

/// The same as a loss for a trainer.
inline OutputLoss mean_squared_error() {
  return OutputLoss([](auto output, auto target, auto gradient, const auto& reduction) {
    return mean_squared_error(output, target, gradient, reduction);
  });
}

}  // namespace amdefect
