#pragma once

#include <cstddef>

#include "amdefect/core/shape.hpp"
#include "amdefect/kernels/activation_kind.hpp"

namespace amdefect {

/// Sizes of a batch normalisation.
struct NormGeometry {
  Index rows = 0, channels = 0;
};

/// What `batch_norm_apply` computes of each channel: the activation of (x - mean) scale + beta. Not every activation
/// can be there, see `norm_takes`.
template <class T>
struct NormChannels {
  const T *mean, *scale, *beta;
  Activation activation = Activation::none;
};

/// Whether batch norm can have the activation behind it in the same passes.
constexpr bool norm_takes(Activation activation) {
  return activation == Activation::none || activation == Activation::relu || activation == Activation::relu6 ||
         activation == Activation::silu;
}

/// What the gradients of a batch normalisation need to know of each channel: the forward pass, and mean and scale again
/// in double.
template <class T>
struct NormGradient {
  NormChannels<T> forward;
  const double *mean, *scale;
};

}  // namespace amdefect
