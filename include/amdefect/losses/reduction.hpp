#pragma once

#include <optional>
#include <span>
#include <type_traits>

#include "amdefect/core/error.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// How the terms of a loss become one number: scale / normaliser * sum_i weights_i * term_i. The default is their mean.
///
/// A term is an element of an element-wise loss, a row of softmax cross-entropy, a box of a box loss.
template <class T>
struct LossReduction {
  /// Weight of this loss in a sum of losses, times the gradient from upstream.
  double scale = 1;
  /// Divisor of the sum, positive, e.g. the number of positive anchors (at least 1); the number of terms if not given.
  std::optional<double> normaliser = std::nullopt;
  /// One weight per term, or per group of consecutive terms (the leading dimensions). Terms of weight 0 are not looked
  /// at.
  std::span<const T> weights = {};
};

namespace detail {

/// Parameter types of losses: T is deduced from the prediction alone, so that tensors convert to the other views.
template <class T>
using LossInput = TensorView<const std::remove_const_t<T>>;
template <class T>
using LossGradient = TensorView<std::remove_const_t<T>>;
template <class T>
using Reduction = LossReduction<std::remove_const_t<T>>;

/// Throws a ShapeError unless target and gradient have the shape of the prediction; no gradient at all is fine.
template <class T>
void require_loss_shapes(const char* loss, TensorView<const T> pred, TensorView<const T> target, TensorView<T> dpred) {
  require<ShapeError>(pred.shape() == target.shape(), loss, ": expected a target of the prediction's shape ",
                      pred.shape(), ", got ", target.shape());
  require<ShapeError>(dpred.data() == nullptr || pred.shape() == dpred.shape(), loss,
                      ": expected a gradient of the prediction's shape ", pred.shape(), ", got ", dpred.shape());
}

/// Sums `term(i, factor)` over `count` terms and sets `dpred` to zero where a term is left out. `term` returns the
/// value of term i and writes its gradient times `factor`. The sum is kept in double; a loss of no terms is 0.
template <class T, class Term>
double reduce_terms(const char* loss, Index count, TensorView<T> dpred, const LossReduction<T>& reduction,
                    Term&& term) {
  const auto weights = static_cast<Index>(reduction.weights.size());
  require<ShapeError>(weights == 0 ? true : count % weights == 0, loss, ": ", weights, " weights do not divide ", count,
                      " terms into groups");
  const double normaliser = reduction.normaliser.value_or(static_cast<double>(count));
  if (count == 0) return 0;
  require(normaliser > 0, loss, ": the normaliser must be positive, got ", normaliser);
  const double factor = reduction.scale / normaliser;
  if (weights > 0 && dpred.data()) dpred.fill(0);
  const Index group = weights > 0 ? count / weights : 1;
  double total = 0;
  for (Index i = 0; i < count; ++i) {
    const double weight = weights > 0 ? static_cast<double>(reduction.weights[static_cast<std::size_t>(i / group)]) : 1;
    if (weight != 0) total += weight * term(i, factor * weight);
  }
  return factor * total;
}

/// Value of one element's loss and its derivative with respect to the prediction.
struct LossTerm {
  double value = 0, slope = 0;
};

/// Reduces `term(prediction, target, i) -> LossTerm` over all elements; the arithmetic is double for every T.
template <class T, class Term>
double reduce_elements(const char* loss, TensorView<const T> pred, TensorView<const T> target, TensorView<T> dpred,
                       const LossReduction<T>& reduction, Term&& term) {
  require_loss_shapes(loss, pred, target, dpred);
  return reduce_terms(loss, pred.size(), dpred, reduction, [&](Index i, double factor) {
    const LossTerm result = term(static_cast<double>(pred[i]), static_cast<double>(target[i]), i);
    if (dpred.data()) dpred[i] = static_cast<T>(factor * result.slope);
    return result.value;
  });
}

/// One weight per entry of the last dimension; 1 if there are none.
template <class T>
class ClassWeights {
 public:
  ClassWeights(const char* loss, const char* name, std::span<const T> weights, const Shape& shape) : weights_(weights) {
    const Index classes = shape.rank() > 0 ? shape.back() : 1;
    require<ShapeError>(weights.empty() || static_cast<Index>(weights.size()) == classes, loss, ": expected ", classes,
                        " values of ", name, " for a prediction of shape ", shape, ", got ", weights.size());
  }
  /// The weight of the element at a flat index.
  double operator[](Index flat) const {
    return weights_.empty() ? 1 : static_cast<double>(weights_[static_cast<std::size_t>(flat) % weights_.size()]);
  }

 private:
  std::span<const T> weights_;
};

}  // namespace detail
}  // namespace amdefect
