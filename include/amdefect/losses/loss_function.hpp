#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "amdefect/core/tensor.hpp"
#include "amdefect/distributed/process_group.hpp"

namespace amdefect {

/// Outputs of the network and targets of a batch. `gradients[i]` receives the gradient of the loss by `outputs[i]` and
/// is empty when only the value is wanted; `parts` receives the values whose sum is the loss.
template <class T>
struct LossArguments {
  std::span<const TensorView<const T>> outputs, targets;
  std::span<const TensorView<T>> gradients;
  std::span<double> parts;
  /// The processes that train on parts of one batch, of which this is one; null: the batch is all here. The trainer
  /// weighs parts and gradients of each by its samples, as is right for means over samples. A loss that divides by
  /// something else takes the sum of that over all processes (`share_normaliser`).
  ProcessGroup* group = nullptr;
};

/// The divisor of a sum over this process' part of a batch so that the mean over all processes, each weighted by its
/// samples, is the sum over the whole batch, divided by the larger of `least` and the sum of all `amount`s. Every
/// process has to call it.
inline double share_normaliser(ProcessGroup* group, double amount, double least, Index samples) {
  if (!group) return std::max(least, amount);
  std::array<double, 2> sums{amount, static_cast<double>(samples)};
  group->all_reduce_sum(sums);
  return std::max(least, sums[0]) * static_cast<double>(samples) / sums[1];
}

/// The loss of a batch (a mean over its samples), as a sum of named parts.
template <class T>
struct LossFunction {
  std::vector<std::string> parts;
  std::function<void(const LossArguments<T>&)> evaluate;
};

/// A loss of one part: `function(arguments)` returns its value.
template <class T, class Function>
LossFunction<T> single_loss(Function function) {
  return {{"loss"}, [function](const LossArguments<T>& arguments) { arguments.parts[0] = function(arguments); }};
}

}  // namespace amdefect
