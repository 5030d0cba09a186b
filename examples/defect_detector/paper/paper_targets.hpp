#pragma once

#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// Targets for the paper's loss without meaning, to time a training: 100 slots of 4 classes, of which few are one, and
/// of boxes.
inline std::vector<Tensor<float>> random_paper_targets(Index batch, Random& random) {
  std::vector<Tensor<float>> targets;
  for (float& value : targets.emplace_back(Shape{batch, 100, 4})) value = random.chance(0.02) ? 1.0f : 0.0f;
  for (float& value : targets.emplace_back(Shape{batch, 100, 4})) value = static_cast<float>(random.uniform());
  return targets;
}

}  // namespace amdefect
