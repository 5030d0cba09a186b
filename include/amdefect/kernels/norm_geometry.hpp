#pragma once

#include <cstddef>

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// Sizes of a batch normalisation.
struct NormGeometry {
  Index rows = 0, channels = 0;
};

/// What `batch_norm_apply` computes of each channel: y = (x - mean) scale + beta, and with `relu` max(y, 0).
template <class T>
struct NormChannels {
  const T *mean, *scale, *beta;
  bool relu = false;
};

/// What the gradients of a batch normalisation need to know of each channel: the forward pass, and mean and scale again
/// in double.
template <class T>
struct NormGradient {
  NormChannels<T> forward;
  const double *mean, *scale;
};

}  // namespace amdefect
