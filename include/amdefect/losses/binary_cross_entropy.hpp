#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "amdefect/losses/logistic.hpp"
#include "amdefect/losses/output_loss.hpp"

namespace amdefect {

struct BinaryCrossEntropyOptions {
  /// Probabilities are clipped to [clip, 1 - clip] (Keras' epsilon), so that a certain mistake costs a finite amount.
  double clip = 1e-7;
};

/// Binary cross-entropy -t log p - (1 - t) log(1 - p) of probabilities, clipped as in Keras: where p was clipped the
/// gradient is 0. Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if the shapes differ.
template <class T>
double binary_cross_entropy(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                            const detail::Reduction<T>& reduction = {}, const BinaryCrossEntropyOptions& options = {}) {
  const double low = options.clip, high = 1 - options.clip;
  require(low > 0 && low < 0.5, "binary_cross_entropy: clip must be between 0 and 0.5, got ", low);
  return detail::reduce_elements("binary_cross_entropy", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [=](double p, double t, Index) -> detail::LossTerm {
                                   const double q = std::clamp(p, low, high);
                                   const double value = -t * std::log(q) - (1 - t) * std::log1p(-q);
                                   return {value, q == p ? (1 - t) / (1 - p) - t / p : 0};
                                 });
}

/// Weights per entry of the last dimension (the class); empty: all 1.
template <class T>
struct BinaryCrossEntropyLogitsOptions {
  /// Multiplies both terms of a class.
  std::span<const T> class_weight = {};
  /// Multiplies only the term of the positives, t = 1.
  std::span<const T> pos_weight = {};
};

/// Binary cross-entropy of logits x, p = sigmoid(x), in a form that is finite for any x:
/// class_weight (pos_weight t log(1 + e^-x) + (1 - t) log(1 + e^x)). The mean is over elements, not over weights.
/// Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if shapes or the numbers of weights do not fit.
template <class T>
double binary_cross_entropy_with_logits(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                                        const detail::Reduction<T>& reduction = {},
                                        const BinaryCrossEntropyLogitsOptions<std::remove_const_t<T>>& options = {}) {
  const detail::ClassWeights class_weight("binary_cross_entropy_with_logits", "class_weight", options.class_weight,
                                          pred.shape());
  const detail::ClassWeights pos_weight("binary_cross_entropy_with_logits", "pos_weight", options.pos_weight,
                                        pred.shape());
  return detail::reduce_elements("binary_cross_entropy_with_logits", detail::LossInput<T>(pred), target, dpred,
                                 reduction, [&](double x, double t, Index i) -> detail::LossTerm {
                                   const detail::Logistic s(x);
                                   const double all = class_weight[i], positive = pos_weight[i] * t;
                                   return {all * (positive * s.cost_of_positive + (1 - t) * s.cost_of_negative),
                                           all * ((1 - t) * s.p - positive * s.q)};
                                 });
}

/// Both as losses for a trainer.
inline OutputLoss binary_cross_entropy(const BinaryCrossEntropyOptions& options = {}) {
  return OutputLoss([options](auto output, auto target, auto gradient, const auto& reduction) {
    return binary_cross_entropy(output, target, gradient, reduction, options);
  });
}

/// Weights per class; empty: all 1. See BinaryCrossEntropyLogitsOptions.
struct BinaryCrossEntropyWeights {
  std::vector<double> class_weight{}, pos_weight{};
};

inline OutputLoss binary_cross_entropy_with_logits(const BinaryCrossEntropyWeights& weights = {}) {
  return OutputLoss(
      [all = detail::OwnedWeights(weights.class_weight), positive = detail::OwnedWeights(weights.pos_weight)](
          auto output, auto target, auto gradient, const auto& reduction) {
        using T = typename decltype(gradient)::Scalar;
        return binary_cross_entropy_with_logits(
            output, target, gradient, reduction,
            {.class_weight = all.template as<T>(), .pos_weight = positive.template as<T>()});
      });
}

}  // namespace amdefect
