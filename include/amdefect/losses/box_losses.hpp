#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "amdefect/core/eigen.hpp"
#include "amdefect/losses/reduction.hpp"

namespace amdefect {

/// Which overlap measure a box loss uses.
enum class BoxLoss { iou, giou, diou, ciou };

inline constexpr const char* box_loss_name(BoxLoss kind) {
  constexpr std::array names{"iou_loss", "giou_loss", "diou_loss", "ciou_loss"};
  return names[static_cast<std::size_t>(kind)];
}

struct BoxLossOptions {
  /// Added to denominators that are 0 for boxes without area.
  double eps = 1e-7;
};

/// A box by its corners x1, y1, x2, y2, x1 <= x2 and y1 <= y2, in pixels or normalised.
using BoxCorners = std::array<double, 4>;

/// The loss of one box, what it is made of, and its derivative with respect to the four corners of the prediction.
struct BoxLossTerm {
  double loss = 0;
  double iou = 0;
  double v = 0, alpha = 0;  ///< CIoU only: difference of the aspect ratios and its weight
  std::array<double, 4> slope{};
};

namespace detail {

/// A number that knows its derivatives with respect to the four corners of the predicted box (forward differentiation).
struct CornerDual {
  double value = 0;
  Eigen::Array4d slope = Eigen::Array4d::Zero();

  friend CornerDual operator+(const CornerDual& a, const CornerDual& b) {
    return {a.value + b.value, a.slope + b.slope};
  }
  friend CornerDual operator-(const CornerDual& a, const CornerDual& b) {
    return {a.value - b.value, a.slope - b.slope};
  }
  friend CornerDual operator*(const CornerDual& a, const CornerDual& b) {
    return {a.value * b.value, a.slope * b.value + b.slope * a.value};
  }
  friend CornerDual operator/(const CornerDual& a, const CornerDual& b) {
    const double quotient = a.value / b.value;
    return {quotient, (a.slope - b.slope * quotient) / b.value};
  }
};

inline CornerDual constant(double value) { return {value}; }
inline CornerDual square(const CornerDual& a) { return a * a; }
/// Equal arguments share the gradient, as in PyTorch: the mean of the one-sided derivatives.
inline CornerDual larger(const CornerDual& a, const CornerDual& b) {
  if (a.value == b.value) return {a.value, 0.5 * (a.slope + b.slope)};
  return a.value > b.value ? a : b;
}
inline CornerDual smaller(const CornerDual& a, const CornerDual& b) {
  if (a.value == b.value) return {a.value, 0.5 * (a.slope + b.slope)};
  return a.value < b.value ? a : b;
}
inline CornerDual not_negative(const CornerDual& a) { return a.value >= 0 ? a : CornerDual{}; }
/// atan(a / b), defined as 0 for 0 / 0 (a box that is a point has no aspect ratio).
inline CornerDual arc_tangent(const CornerDual& a, const CornerDual& b) {
  const double square_sum = a.value * a.value + b.value * b.value;
  if (square_sum == 0) return {};
  return {std::atan(a.value / b.value), (a.slope * b.value - b.slope * a.value) / square_sum};
}

}  // namespace detail

/// The loss of one box, with U the union, C the smallest box around both, d the distance of their centres, c its
/// diagonal:
/// - IoU:  1 - IoU, IoU = intersection / (U + eps)
/// - GIoU: 1 - IoU + (area(C) - U) / (area(C) + eps)  (Rezatofighi et al. 2019, arXiv:1902.09630)
/// - DIoU: 1 - IoU + d^2 / (c^2 + eps)  (Zheng et al. 2020, arXiv:1911.08287)
/// - CIoU: DIoU + alpha v, v = 4 / pi^2 (atan(w / h) of the target - of the prediction)^2, alpha = v / (1 - IoU + v +
/// eps),
///   where alpha counts as a constant in the gradient (same paper)
inline BoxLossTerm box_loss_term(BoxLoss kind, const BoxCorners& pred, const BoxCorners& target,
                                 const BoxLossOptions& options = {}) {
  using detail::constant, detail::CornerDual, detail::larger, detail::smaller;
  std::array<CornerDual, 4> p, t;
  for (int corner = 0; corner < 4; ++corner) {
    const auto i = static_cast<std::size_t>(corner);
    p[i] = constant(pred[i]);
    p[i].slope[corner] = 1;
    t[i] = constant(target[i]);
  }
  const CornerDual eps = constant(options.eps);
  const CornerDual pred_w = p[2] - p[0], pred_h = p[3] - p[1], target_w = t[2] - t[0], target_h = t[3] - t[1];
  const CornerDual intersection = detail::not_negative(smaller(p[2], t[2]) - larger(p[0], t[0])) *
                                  detail::not_negative(smaller(p[3], t[3]) - larger(p[1], t[1]));
  const CornerDual union_area = pred_w * pred_h + target_w * target_h - intersection;
  const CornerDual iou = intersection / (union_area + eps);
  const CornerDual around_w = larger(p[2], t[2]) - smaller(p[0], t[0]);
  const CornerDual around_h = larger(p[3], t[3]) - smaller(p[1], t[1]);

  BoxLossTerm term{.iou = iou.value};
  CornerDual loss = constant(1) - iou;
  if (kind == BoxLoss::giou) {
    const CornerDual around = around_w * around_h;
    loss = loss + (around - union_area) / (around + eps);
  }
  if (kind == BoxLoss::diou || kind == BoxLoss::ciou) {
    const CornerDual twice_dx = p[0] + p[2] - t[0] - t[2], twice_dy = p[1] + p[3] - t[1] - t[3];
    const CornerDual distance = constant(0.25) * (square(twice_dx) + square(twice_dy));
    loss = loss + distance / (square(around_w) + square(around_h) + eps);
  }
  if (kind == BoxLoss::ciou) {
    constexpr double pi = std::numbers::pi;
    const CornerDual turn = detail::arc_tangent(target_w, target_h) - detail::arc_tangent(pred_w, pred_h);
    const CornerDual v = constant(4 / (pi * pi)) * square(turn);
    term.v = v.value;
    term.alpha = v.value / (1 - iou.value + v.value + options.eps);
    loss = loss + constant(term.alpha) * v;
  }
  term.loss = loss.value;
  Eigen::Map<Eigen::Array4d>(term.slope.data()) = loss.slope;
  return term;
}

/// The loss between boxes and their targets, pairwise; both of shape [..., 4]: x1, y1, x2, y2. A box is one term.
/// Writes d loss / d pred unless `dpred` is empty. @throws ShapeError if the shapes differ or do not end with 4.
template <class T>
double box_loss(BoxLoss kind, TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                const detail::Reduction<T>& reduction = {}, const BoxLossOptions& options = {}) {
  const char* name = box_loss_name(kind);
  detail::require_loss_shapes(name, detail::LossInput<T>(pred), target, dpred);
  require<ShapeError>(pred.rank() > 0 && pred.shape().back() == 4, name, ": expected boxes of shape [..., 4], got ",
                      pred.shape());
  const auto corners = [](const auto* box) {
    return BoxCorners{static_cast<double>(box[0]), static_cast<double>(box[1]), static_cast<double>(box[2]),
                      static_cast<double>(box[3])};
  };
  return detail::reduce_terms(name, pred.size() / 4, dpred, reduction, [&](Index box, double factor) {
    const BoxLossTerm term =
        box_loss_term(kind, corners(pred.data() + 4 * box), corners(target.data() + 4 * box), options);
    for (std::size_t i = 0; dpred.data() && i < 4; ++i)
      dpred[4 * box + static_cast<Index>(i)] = static_cast<std::remove_const_t<T>>(factor * term.slope[i]);
    return term.loss;
  });
}

/// `box_loss` of the kind in the name.
template <class T>
double iou_loss(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                const detail::Reduction<T>& reduction = {}, const BoxLossOptions& options = {}) {
  return box_loss(BoxLoss::iou, pred, target, dpred, reduction, options);
}
template <class T>
double giou_loss(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                 const detail::Reduction<T>& reduction = {}, const BoxLossOptions& options = {}) {
  return box_loss(BoxLoss::giou, pred, target, dpred, reduction, options);
}
template <class T>
double diou_loss(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                 const detail::Reduction<T>& reduction = {}, const BoxLossOptions& options = {}) {
  return box_loss(BoxLoss::diou, pred, target, dpred, reduction, options);
}
template <class T>
double ciou_loss(TensorView<T> pred, detail::LossInput<T> target, detail::LossGradient<T> dpred,
                 const detail::Reduction<T>& reduction = {}, const BoxLossOptions& options = {}) {
  return box_loss(BoxLoss::ciou, pred, target, dpred, reduction, options);
}

}  // namespace amdefect
