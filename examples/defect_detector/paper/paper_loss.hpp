#pragma once

#include "amdefect/losses/binary_cross_entropy.hpp"
#include "amdefect/losses/loss_function.hpp"
#include "amdefect/losses/mean_squared_error.hpp"

namespace amdefect {

/// The paper's loss: binary cross-entropy of the classes plus mean squared error of the boxes, each a mean over every
/// element. With `raw_outputs` the classification outputs are taken for probabilities and clipped, as in the published
/// code; else they are logits.
template <class T>
LossFunction<T> paper_loss(bool raw_outputs = false) {
  return {{"classification", "regression"}, [raw_outputs](const LossArguments<T>& a) {
            a.parts[0] = raw_outputs ? binary_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0])
                                     : binary_cross_entropy_with_logits(a.outputs[0], a.targets[0], a.gradients[0]);
            a.parts[1] = mean_squared_error(a.outputs[1], a.targets[1], a.gradients[1]);
          }};
}

}  // namespace amdefect
