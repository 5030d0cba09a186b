#pragma once

#include <cmath>

#include "amdefect/losses/logistic.hpp"
#include "amdefect/losses/output_loss.hpp"

namespace amdefect {

namespace detail {

/// base^exponent, quickly for the usual exponent 2.
inline double power(double base, double exponent) { return exponent == 2 ? base * base : std::pow(base, exponent); }

}  // namespace detail

struct FocalOptions {
  /// Weight of the positives, 1 - alpha that of the negatives; negative: no such weights.
  double alpha = 0.25;
  /// How strongly well classified elements are faded out; 0 gives plain cross-entropy.
  double gamma = 2;
};

/// Sigmoid focal loss (Lin et al. 2017, arXiv:1708.02002) of logits: alpha_t (1 - p_t)^gamma times the binary
/// cross-entropy, p_t = t p + (1 - t)(1 - p) and alpha_t likewise. The paper divides by the number of positives:
/// `reduction.normaliser`. Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if the shapes differ,
/// Error for a negative gamma.
template <class T>
double sigmoid_focal(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                     const detail::Reduction<T>& reduction = {}, const FocalOptions& options = {}) {
  const double alpha = options.alpha, gamma = options.gamma;
  require(gamma >= 0, "sigmoid_focal: gamma must not be negative, got ", gamma);
  return detail::reduce_elements("sigmoid_focal", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [=](double x, double t, Index) -> detail::LossTerm {
                                   const detail::Logistic s(x);
                                   const double balance = alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t);
                                   const double miss = t * s.q + (1 - t) * s.p;  // 1 - p_t
                                   const double fade = detail::power(miss, gamma), cost = s.cross_entropy(t);
                                   const double fade_slope =
                                       miss > 0 ? gamma * fade / miss * (1 - 2 * t) * s.p * s.q : 0;
                                   return {balance * fade * cost, balance * (fade * s.error(t) + fade_slope * cost)};
                                 });
}

struct QualityFocalOptions {
  /// How strongly elements near their target are faded out; 0 gives plain cross-entropy.
  double beta = 2;
};

/// Quality focal loss (Li et al. 2020, arXiv:2006.04388) of logits against a quality in [0, 1], e.g. the IoU of a box:
/// |target - p|^beta times the binary cross-entropy. The paper divides by the number of positives.
/// Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if the shapes differ, Error for a negative beta.
template <class T>
double quality_focal(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                     const detail::Reduction<T>& reduction = {}, const QualityFocalOptions& options = {}) {
  const double beta = options.beta;
  require(beta >= 0, "quality_focal: beta must not be negative, got ", beta);
  return detail::reduce_elements("quality_focal", detail::LossInput<T>(pred), target, dpred, reduction,
                                 [=](double x, double t, Index) -> detail::LossTerm {
                                   const detail::Logistic s(x);
                                   const double error = s.error(t), cost = s.cross_entropy(t);
                                   const double fade = detail::power(std::abs(error), beta);
                                   const double fade_slope = error != 0 ? beta * fade / error * s.p * s.q : 0;
                                   return {fade * cost, fade * error + fade_slope * cost};
                                 });
}

/// Both as losses for a trainer, as means over all elements.
inline OutputLoss sigmoid_focal(const FocalOptions& options = {}) {
  return OutputLoss([options](auto output, auto target, auto gradient, const auto& reduction) {
    return sigmoid_focal(output, target, gradient, reduction, options);
  });
}

inline OutputLoss quality_focal(const QualityFocalOptions& options = {}) {
  return OutputLoss([options](auto output, auto target, auto gradient, const auto& reduction) {
    return quality_focal(output, target, gradient, reduction, options);
  });
}

}  // namespace amdefect
