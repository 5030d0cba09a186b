#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/targets.hpp"

namespace amdefect {

/// y = x where x > 0, slope x elsewhere; 0 elsewhere if the slope is 0. A NaN stays a NaN. y may be x.
template <class T>
void relu_forward(int threads, Index size, T slope, const T* x, T* y) {
  AMDEFECT_DISPATCH(relu_forward<T>(threads, size, slope, x, y));
}

/// y = max(a + b, 0), to the last bit as in two steps. y may be a or b.
template <class T>
void add_relu_forward(int threads, Index size, const T* a, const T* b, T* y) {
  AMDEFECT_DISPATCH(add_relu_forward<T>(threads, size, a, b, y));
}

/// dx = dy where x > 0, slope dy elsewhere. With the slope 0 the results of the forward pass may stand for x. dx may be
/// dy.
template <class T>
void relu_backward(int threads, Index size, T slope, const T* x, const T* dy, T* dx) {
  AMDEFECT_DISPATCH(relu_backward<T>(threads, size, slope, x, dy, dx));
}

AMDEFECT_COMPILED_FUNCTION(relu_forward)
AMDEFECT_COMPILED_FUNCTION(add_relu_forward)
AMDEFECT_COMPILED_FUNCTION(relu_backward)

}  // namespace amdefect
