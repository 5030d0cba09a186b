#pragma once

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// What a convolution does with each result before it stores it: add the bias, apply ReLU, then scale and shift
/// (a batch norm that follows the activation). Every pointer is either null or has one entry per output channel.
template <class T>
struct ConvEpilogue {
  const T* bias = nullptr;
  bool relu = false;
  const T* scale = nullptr;
  const T* shift = nullptr;

  bool empty() const { return !bias && !relu && !scale && !shift; }

  /// The stored value of a result in the given channel. A NaN stays a NaN.
  T operator()(T value, Index channel) const {
    if (bias) value += bias[channel];
    if (relu && value < T(0)) value = T(0);
    if (scale) value *= scale[channel];
    if (shift) value += shift[channel];
    return value;
  }
};

}  // namespace amdefect
