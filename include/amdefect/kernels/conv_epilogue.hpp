#pragma once

#include "amdefect/core/shape.hpp"
#include "amdefect/kernels/activation_kind.hpp"
#include "amdefect/kernels/reference/activation.hpp"

namespace amdefect {

/// What a convolution does with each result: add what is in the output already, if `add_to_output` (for all but
/// depthwise convolutions), and the bias, apply the activation, then scale and shift (a batch norm that follows the
/// activation). Every pointer is either null or has one entry per output channel.
template <class T>
struct ConvEpilogue {
  const T* bias = nullptr;
  Activation activation = Activation::none;
  const T* scale = nullptr;
  const T* shift = nullptr;
  bool add_to_output = false;

  bool empty() const { return !bias && activation == Activation::none && !scale && !shift; }

  /// Kernels do cheap work while results are in registers, and the rest, with the scale and shift behind it, when a
  /// pixel has been stored and is in the cache still.
  bool behind_registers() const {
    return activation != Activation::none && activation != Activation::relu && activation != Activation::relu6;
  }
  ConvEpilogue in_registers() const {
    return behind_registers() ? ConvEpilogue{.bias = bias, .add_to_output = add_to_output} : *this;
  }

  /// The stored value of a result in the given channel. A NaN stays a NaN.
  T operator()(T value, Index channel) const {
    if (bias) value += bias[channel];
    value = reference::activate(activation, value);
    if (scale) value *= scale[channel];
    if (shift) value += shift[channel];
    return value;
  }
};

}  // namespace amdefect
