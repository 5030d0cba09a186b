#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/stored_count.hpp"
#include "amdefect/optim/optimizer.hpp"
#include "amdefect/train/training_state.hpp"

namespace amdefect {

/// Stores the number of steps and what the optimiser remembers of each weight.
template <class T>
void save_optimizer(const Optimizer<T>& optimizer, TrainingState<T>& state) {
  state.numbers["optimizer_steps"] = {static_cast<double>(optimizer.steps())};
  const std::vector<std::string> names = optimizer.memory_names();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!optimizer.memory(i).empty()) state.tensors["optimizer." + names[i]] = optimizer.memory(i).clone();
}

/// Takes both out of the state. @throws Error if they are not there or not of the shape of the weights.
template <class T>
void restore_optimizer(Optimizer<T>& optimizer, TrainingState<T>& state, const Shape& weights) {
  optimizer.set_steps(static_cast<std::uint64_t>(stored_count(state.at("optimizer_steps", 1)[0], "optimizer_steps")));
  const std::vector<std::string> names = optimizer.memory_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = state.tensors.find("optimizer." + names[i]);
    require(found != state.tensors.end() || optimizer.steps() == 0, "trainer: the state lacks the optimiser's '",
            names[i], "' (was it saved by another optimiser?)");
    if (found == state.tensors.end()) continue;
    require_shape("trainer: optimizer state", weights, found->second.shape());
    optimizer.memory(i) = std::move(found->second);
  }
}

}  // namespace amdefect
