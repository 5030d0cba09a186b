#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "amdefect/losses/logistic.hpp"
#include "amdefect/losses/reduction.hpp"

namespace amdefect {

struct BceOptions {
  /// Probabilities are clipped to [clip, 1 - clip] (Keras' epsilon), so that a certain mistake costs a finite amount.
  double clip = 1e-7;
};

/// Binary cross-entropy -t log p - (1 - t) log(1 - p) of probabilities, clipped as in Keras: where p was clipped the
/// gradient is 0. Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if the shapes differ.
template <class T>
double bce_probabilities(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                         const detail::Reduction<T>& reduction = {}, const BceOptions& options = {}) {
  const double low = options.clip, high = 1 - options.clip;
  require(low > 0 && low < 0.5, "bce_probabilities: clip must be between 0 and 0.5, got ", low);
  return detail::reduce_elements("bce_probabilities", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [=](double p, double t, Index) -> detail::LossTerm {
                                   const double q = std::clamp(p, low, high);
                                   const double value = -t * std::log(q) - (1 - t) * std::log1p(-q);
                                   return {value, q == p ? (1 - t) / (1 - p) - t / p : 0};
                                 });
}

/// Weights per entry of the last dimension (the class); empty: all 1.
template <class T>
struct BceLogitsOptions {
  /// Multiplies both terms of a class.
  std::span<const T> class_weight = {};
  /// Multiplies only the term of the positives, t = 1.
  std::span<const T> pos_weight = {};
};

/// Binary cross-entropy of logits x, p = sigmoid(x), in a form that is finite for any x:
/// class_weight (pos_weight t log(1 + e^-x) + (1 - t) log(1 + e^x)). The mean is over elements, not over weights.
/// Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if shapes or the numbers of weights do not fit.
template <class T>
double bce_logits(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                  const detail::Reduction<T>& reduction = {},
                  const BceLogitsOptions<std::remove_const_t<T>>& options = {}) {
  const detail::ClassWeights class_weight("bce_logits", "class_weight", options.class_weight, pred.shape());
  const detail::ClassWeights pos_weight("bce_logits", "pos_weight", options.pos_weight, pred.shape());
  return detail::reduce_elements("bce_logits", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [&](double x, double t, Index i) -> detail::LossTerm {
                                   const detail::Logistic s(x);
                                   const double all = class_weight[i], positive = pos_weight[i] * t;
                                   return {all * (positive * s.cost_of_positive + (1 - t) * s.cost_of_negative),
                                           all * ((1 - t) * s.p - positive * s.q)};
                                 });
}

}  // namespace amdefect
