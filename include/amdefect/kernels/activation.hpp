#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/targets.hpp"

namespace amdefect {

/// y = activation(x), element by element. y may be x.
///
/// Exponentials are within 2 units in the last place of the exact ones, results of `sigmoid` and `silu` within 4 down
/// to x = -87 (float) or -708 (double), below which they stay what they are there, less than 1e-35, of `tanh` within 4,
/// of `gelu` within 1e-6 (float) or 1e-14 (double) of the largest of 1 and |x|.
template <class T>
void activation_forward(int threads, Activation activation, Index size, const T* x, T* y) {
  AMDEFECT_DISPATCH(activation_forward<T>(threads, activation, size, x, y));
}

/// dx = dy times the derivative. `values` are the results of the forward pass where `derivative_from_output` says so,
/// else its inputs. dx may be dy.
template <class T>
void activation_backward(int threads, Activation activation, Index size, const T* values, const T* dy, T* dx) {
  AMDEFECT_DISPATCH(activation_backward<T>(threads, activation, size, values, dy, dx));
}

AMDEFECT_COMPILED_FUNCTION(activation_forward)
AMDEFECT_COMPILED_FUNCTION(activation_backward)

}  // namespace amdefect
