#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// Outputs of the network and targets of a batch. `gradients[i]` receives the gradient of the loss by `outputs[i]` and
/// is empty when only the value is wanted; `parts` receives the values whose sum is the loss.
template <class T>
struct LossArguments {
  std::span<const TensorView<const T>> outputs, targets;
  std::span<const TensorView<T>> gradients;
  std::span<double> parts;
};

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
