#pragma once

#include <span>

#include "amdefect/core/execution.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/distributed/process_group.hpp"
#include "amdefect/nn/parameters.hpp"

namespace amdefect {

/// Everything a layer may touch during one call: its parameters, its memory, and how to execute.
/// Layers themselves hold only hyper-parameters, so one layer may serve many threads and networks at once.
template <class T>
class Context {
 public:
  /// One layer's parameters by the order of their declaration (`Layer::parameters`).
  TensorView<const T> parameter(std::size_t slot) const { return parameters[slot]; }
  /// Gradient of the loss with respect to a parameter: ADD to it. Empty while the parameter is frozen.
  TensorView<T> gradient(std::size_t slot) const { return gradients.empty() ? TensorView<T>{} : gradients[slot]; }
  /// A statistic to update while training. Empty while it is frozen, and in inference: use `parameter(slot)`.
  TensorView<T> statistic(std::size_t slot) const { return statistics.empty() ? TensorView<T>{} : statistics[slot]; }
  /// Memory that `Operation::memory` asked for: `state` survives from forward to backward, `scratch` only this call.
  template <class U>
  U* state() const {
    return reinterpret_cast<U*>(state_memory);
  }
  template <class U>
  U* scratch() const {
    return reinterpret_cast<U*>(scratch_memory);
  }
  /// What `Operation::prepare` wrote; null where nothing was prepared, as in training.
  template <class U>
  const U* prepared() const {
    return reinterpret_cast<const U*>(prepared_memory);
  }

  Execution execution{};
  bool training = false;
  /// Over whose samples a layer takes the statistics of a batch while training; null: over those of this process.
  ProcessGroup* group = nullptr;
  /// Random numbers of this layer in this step; the same stream in forward and backward.
  Random random{0};

  std::span<const TensorView<const T>> parameters;
  std::span<const TensorView<T>> gradients, statistics;
  std::byte* state_memory = nullptr;
  std::byte* scratch_memory = nullptr;
  const std::byte* prepared_memory = nullptr;
};

}  // namespace amdefect
