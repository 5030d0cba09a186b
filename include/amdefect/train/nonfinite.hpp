#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/nn/workspace.hpp"
#include "amdefect/train/batch.hpp"

// What a training looks for so that no NaN and no infinity reaches the weights, and how it finds out where they began.
namespace amdefect {

/// What a training does with a batch whose loss or gradients are not finite.
enum class OnNonfinite {
  stop,  ///< ends with an Error; weights, statistics and the last checkpoint stay as they were
  skip,  ///< goes on as if the batch had not been there; `Callback::on_skip` is told
};

namespace detail {

/// One pass of multiplications and additions: a NaN or an infinity times 0 is a NaN.
template <class T>
bool all_finite(TensorView<const T> values) {
  return (values.array() * T{0}).sum() == T{0};
}

inline bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

/// The first parameter or statistic with a value that is not finite, or null.
template <class T>
const Parameter* nonfinite_weight(const Parameters<T>& parameters) {
  for (const Parameter& p : parameters.list())
    if (!all_finite<T>(parameters.value(p))) return &p;
  return nullptr;
}

/// The first trainable parameter with a gradient whose sum of squares is not finite, or null. Optimisers square
/// gradients: what overflows then (above 1e19 in single precision) would stop a weight for ever.
template <class T>
const Parameter* nonfinite_gradient(const Parameters<T>& parameters) {
  for (const Parameter& p : parameters.list())
    if (p.trainable && !std::isfinite(parameters.gradient(p).array().square().sum())) return &p;
  return nullptr;
}

/// Called before anything is made of the weights of an epoch, a checkpoint above all. @throws Error
template <class T>
void require_finite_weights(const Parameters<T>& parameters, Index epoch, Index updates) {
  if (const Parameter* bad = nonfinite_weight(parameters))
    throw Error(concat("training: the weights '", bad->name, "' are not finite any more (epoch ", epoch, ", update ",
                       updates, "), no checkpoint of them is written; a lower learning rate or clip_norm may help"));
}

/// Names the samples of a batch by their position in it.
using SampleNames = std::function<std::string(Index)>;

/// "a.jpg, b.jpg and 14 more" of the samples for which `chosen(k)` holds.
template <class Chosen>
std::string sample_list(Index size, const SampleNames& name, const Chosen& chosen) {
  constexpr Index shown = 4;
  std::string text;
  Index count = 0;
  for (Index k = 0; k < size; ++k)
    if (chosen(k) && ++count <= shown) text += concat(count > 1 ? ", " : "", name(k));
  return count > shown ? concat(text, " and ", count - shown, " more") : text;
}

/// The samples of a tensor [batch, ...] that hold a NaN or an infinity; empty if there is none.
template <class T>
std::string nonfinite_samples(TensorView<const T> batch, const SampleNames& name) {
  if (batch.rank() == 0 || all_finite(batch)) return "";
  return sample_list(batch.dim(0), name, [&](Index k) { return !all_finite<T>(batch.slice(k, k + 1)); });
}

/// What `nonfinite_cause` begins with where it found none.
inline constexpr std::string_view nowhere_before_the_loss = "in the loss function, ";

/// Where the NaN or the infinity in the loss of a batch began: input, target, weight, layer, or the loss itself. Runs
/// the network once more.
template <class T>
std::string nonfinite_cause(Workspace<T>& workspace, const Batch<T>& batch, const SampleNames& name) {
  const auto search = [&](std::span<const TensorView<const T>> tensors, std::string_view what) {
    for (const TensorView<const T>& tensor : tensors)
      if (const std::string samples = nonfinite_samples(tensor, name); !samples.empty())
        return concat("a NaN or an infinity in the ", what, " of ", samples);
    return std::string();
  };
  if (std::string found = search(batch.inputs(), "input"); !found.empty()) return found;
  if (std::string found = search(batch.targets(), "target"); !found.empty()) return found;
  if (const Parameter* p = nonfinite_weight(workspace.network().parameters()))
    return concat("a NaN or an infinity in the weights '", p->name, "'");
  std::string layer;
  if (workspace.training()) workspace.set_step(workspace.step() - 1);  // the same dropout once more
  workspace.forward(batch.inputs(), [&](const std::string& node, TensorView<const T> value) {
    if (!layer.empty()) return;
    const std::string samples = nonfinite_samples(value, name);
    if (!samples.empty()) layer = concat("the layer '", node, "' gives a NaN or an infinity for ", samples);
  });
  if (!layer.empty()) return layer;
  return concat(nowhere_before_the_loss, "for a batch of ",
                sample_list(batch.size(), name, [](Index) { return true; }));
}

}  // namespace detail

}  // namespace amdefect
