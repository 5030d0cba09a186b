#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "amdefect/losses/losses.hpp"
#include "reference_check/check.hpp"

namespace amdefect::reference_check {

/// The reduction of a case: the mean, or the sum.
template <class T>
LossReduction<T> reduction_of(const Check<T>& check) {
  const std::string kind = check->text({"reduction"}, "mean");
  require(kind == "mean" || kind == "sum", "attribute reduction: expected mean or sum, found '", kind, "'");
  return kind == "sum" ? LossReduction<T>{.normaliser = 1} : LossReduction<T>{};
}

/// Compares the value and the gradient of `loss(pred, target, dpred, reduction)`.
template <class T, class Loss>
void check_loss(Check<T>& check, Loss&& loss) {
  const Tensor<T> pred = check.tensor("pred"), target = check.tensor("target");
  Tensor<T> dpred(pred.shape());
  check.compare("loss", loss(pred.view(), target.view(), dpred.view(), reduction_of(check)));
  if (check->has("dpred")) check.compare("dpred", dpred);
}

/// An optional weight per class; empty if the case has none.
template <class T>
Tensor<T> optional_tensor(const Check<T>& check, const char* name) {
  return check->has(name) ? check.tensor(name) : Tensor<T>();
}

template <class T>
void check_mse(Check<T>& check) {
  check_loss(check, [](auto... arguments) { return mean_squared_error(arguments...); });
}

template <class T>
void check_smooth_l1(Check<T>& check) {
  const SmoothL1Options options{.beta = check->number({"beta"}, 1)};
  check_loss(check, [&](auto... arguments) { return smooth_l1(arguments..., options); });
}

template <class T>
void check_bce_probabilities(Check<T>& check) {
  const BinaryCrossEntropyOptions options{.clip = check->number({"clip", "eps"}, 1e-7)};
  check_loss(check, [&](auto... arguments) { return binary_cross_entropy(arguments..., options); });
}

template <class T>
void check_bce_logits(Check<T>& check) {
  const Tensor<T> class_weight = optional_tensor(check, "class_weight"),
                  pos_weight = optional_tensor(check, "pos_weight");
  const BinaryCrossEntropyLogitsOptions<T> options{.class_weight = class_weight.span(),
                                                   .pos_weight = pos_weight.span()};
  check_loss(check, [&](auto... arguments) { return binary_cross_entropy_with_logits(arguments..., options); });
}

template <class T>
void check_sigmoid_focal(Check<T>& check) {
  const FocalOptions options{.alpha = check->number({"alpha"}, 0.25), .gamma = check->number({"gamma"}, 2)};
  check_loss(check, [&](auto... arguments) { return sigmoid_focal(arguments..., options); });
}

template <class T>
void check_quality_focal(Check<T>& check) {
  const QualityFocalOptions options{.beta = check->number({"beta", "gamma"}, 2)};
  check_loss(check, [&](auto... arguments) { return quality_focal(arguments..., options); });
}

/// With targets, and with the class numbers where a case has them.
template <class T>
void check_cross_entropy(Check<T>& check) {
  const Tensor<T> class_weight = optional_tensor(check, "class_weight");
  const CrossEntropyOptions<T> options{.class_weight = class_weight.span()};
  if (check->has("target"))
    check_loss(check, [&](auto... arguments) { return softmax_cross_entropy(arguments..., options); });
  if (!check->has("labels")) return;
  const Tensor<T> pred = check.tensor("pred");
  const auto labels = check->file().template tensor<std::int32_t>("labels");
  Tensor<T> dpred(pred.shape());
  const std::span<const std::int32_t> classes = labels.span();
  check.compare("loss", softmax_cross_entropy(pred.view(), classes, dpred, reduction_of(check), options));
  if (check->has("dpred")) check.compare("dpred", dpred);
}

template <class T>
void check_box_loss(Check<T>& check, BoxLoss kind) {
  const BoxLossOptions options{.eps = check->number({"eps", "epsilon"}, 1e-7)};
  check_loss(check, [&](auto... arguments) { return box_loss(kind, arguments..., options); });

  const Tensor<double> pred = check->file().template tensor<double>("pred");
  const Tensor<double> target = check->file().template tensor<double>("target");
  const auto corners = [](const double* box) { return BoxCorners{box[0], box[1], box[2], box[3]}; };
  std::vector<BoxLossTerm> terms;
  for (Index i = 0; i < pred.size(); i += 4)
    terms.push_back(box_loss_term(kind, corners(pred.data() + i), corners(target.data() + i), options));
  const auto compare_part = [&](const char* name, double BoxLossTerm::*part) {
    if (!check->has(name)) return;
    Tensor<T> values(check->file().entry(name).shape);
    require(values.size() == static_cast<Index>(terms.size()), name, ": expected a value per box");
    for (std::size_t i = 0; i < terms.size(); ++i) values[static_cast<Index>(i)] = static_cast<T>(terms[i].*part);
    check.compare(name, values);
  };
  compare_part("loss_per_box", &BoxLossTerm::loss);
  compare_part("iou", &BoxLossTerm::iou);
  compare_part("v", &BoxLossTerm::v);
  compare_part("alpha", &BoxLossTerm::alpha);
}

}  // namespace amdefect::reference_check
