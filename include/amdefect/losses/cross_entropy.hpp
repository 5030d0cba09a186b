#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/losses/output_loss.hpp"

namespace amdefect {

template <class T>
struct CrossEntropyOptions {
  /// Multiplies the target of each class; empty: all 1. The mean is over rows, not over weights.
  std::span<const T> class_weight = {};
};

namespace detail {

/// Softmax cross-entropy of rows of logits, where `target(row, class)` says how much of a row belongs to a class;
/// `loss` is the name for messages.
template <class T, class Target>
double reduce_softmax_rows(const char* loss, TensorView<const T> pred, TensorView<T> dpred,
                           const LossReduction<T>& reduction, const CrossEntropyOptions<T>& options, Target&& target) {
  const ClassWeights weights(loss, "class_weight", options.class_weight, pred.shape());
  const Index classes = pred.rank() > 0 ? pred.shape().back() : 1;
  const Index rows = classes > 0 ? pred.size() / classes : 0;
  return reduce_terms(loss, rows, dpred, reduction, [&](Index row, double factor) {
    const T* x = pred.data() + row * classes;
    const double top = static_cast<double>(*std::max_element(x, x + classes));
    double sum = 0, belonging = 0, value = 0;
    for (Index c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(x[c]) - top);
    const double log_sum = std::log(sum);
    for (Index c = 0; c < classes; ++c) {
      const double t = weights[c] * target(row, c);
      belonging += t;
      value += t * (log_sum + top - static_cast<double>(x[c]));
    }
    for (Index c = 0; dpred.data() && c < classes; ++c) {
      const double p = std::exp(static_cast<double>(x[c]) - top) / sum;
      dpred[row * classes + c] = static_cast<T>(factor * (belonging * p - weights[c] * target(row, c)));
    }
    return value;
  });
}

/// @throws Error unless all are whole numbers from 0 to `classes` - 1.
template <class T>
void require_class_numbers(TensorView<const T> numbers, Index classes) {
  for (const T number : numbers)
    require(number >= 0 && number < static_cast<T>(classes) && number == std::floor(number),
            "softmax_cross_entropy: expected class numbers from 0 to ", classes - 1, ", got ", number);
}

}  // namespace detail

/// Cross-entropy -sum_c t_c log softmax(x)_c of logits over the last dimension; targets are probabilities (one-hot or
/// soft). A row is one term. Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if the shapes differ.
template <class T>
double softmax_cross_entropy(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                             const detail::Reduction<T>& reduction = {},
                             const CrossEntropyOptions<std::remove_const_t<T>>& options = {}) {
  const detail::LossInput<T> logits(pred);
  detail::require_loss_shapes("softmax_cross_entropy", logits, target, dpred);
  const Index classes = pred.rank() > 0 ? pred.shape().back() : 1;
  return detail::reduce_softmax_rows(
      "softmax_cross_entropy", logits, dpred, reduction, options,
      [&](Index row, Index c) { return static_cast<double>(target[row * classes + c]); });
}

/// The same for one class number per row. @throws ShapeError if their count is not that of the rows, Error for a number
/// that is no class.
template <class T>
double softmax_cross_entropy(TensorView<T> pred, std::span<const std::int32_t> labels, detail::LossGradient<T> dpred,
                             const detail::Reduction<T>& reduction = {},
                             const CrossEntropyOptions<std::remove_const_t<T>>& options = {}) {
  const detail::LossInput<T> logits(pred);
  detail::require_loss_shapes("softmax_cross_entropy", logits, logits, dpred);
  const Index classes = pred.rank() > 0 ? pred.shape().back() : 1;
  require<ShapeError>(static_cast<Index>(labels.size()) * classes == pred.size(),
                      "softmax_cross_entropy: expected one label per row of ", pred.shape(), ", got ", labels.size());
  for (const std::int32_t label : labels)
    require(label >= 0 && label < classes, "softmax_cross_entropy: expected labels from 0 to ", classes - 1, ", got ",
            label);
  return detail::reduce_softmax_rows(
      "softmax_cross_entropy", logits, dpred, reduction, options,
      [&](Index row, Index c) { return labels[static_cast<std::size_t>(row)] == c ? 1.0 : 0.0; });
}

/// Weights per class; empty: all 1.
struct CrossEntropyWeights {
  std::vector<double> class_weight{};
};

namespace detail {

/// The targets are probabilities of the shape of the logits, or a class number per row of logits.
template <class T>
double cross_entropy_of_either(TensorView<const T> logits, TensorView<const T> target, TensorView<T> dpred,
                               const LossReduction<T>& reduction, const CrossEntropyOptions<T>& options) {
  const Index classes = logits.rank() > 0 ? logits.shape().back() : 1;
  if (classes == 1 || target.size() * classes != logits.size())
    return softmax_cross_entropy(logits, target, dpred, reduction, options);
  require_class_numbers(target, classes);
  return reduce_softmax_rows("softmax_cross_entropy", logits, dpred, reduction, options,
                             [&](Index row, Index c) { return target[row] == static_cast<T>(c) ? 1.0 : 0.0; });
}
AMDEFECT_COMPILED_FUNCTION(cross_entropy_of_either)

}  // namespace detail

/// The same as a loss for a trainer. The targets are probabilities of the shape of the logits, or a class number per
/// row of logits.
inline OutputLoss softmax_cross_entropy(const CrossEntropyWeights& weights = {}) {
  return OutputLoss([weights = detail::OwnedWeights(weights.class_weight)](auto output, auto target, auto gradient,
                                                                           const auto& reduction) {
    using T = typename decltype(gradient)::Scalar;
    return detail::cross_entropy_of_either<T>(output, target, gradient, reduction,
                                              {.class_weight = weights.template as<T>()});
  });
}

}  // namespace amdefect
