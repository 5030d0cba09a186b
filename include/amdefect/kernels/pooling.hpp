#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/kernels/targets.hpp"

/// Max and average pooling on NHWC.
namespace amdefect {

/// y = largest value of each window; padding never wins.
template <class T>
void max_pool_forward(int threads, const PoolGeometry& g, const T* x, T* y) {
  AMDEFECT_DISPATCH(max_pool_forward<T>(threads, g, x, y));
}

/// dx: each dy goes to the first largest value of its window in row-major order. Overwrites dx.
template <class T>
void max_pool_backward(int threads, const PoolGeometry& g, const T* x, const T* y, const T* dy, T* dx) {
  AMDEFECT_DISPATCH(max_pool_backward<T>(threads, g, x, y, dy, dx));
}

/// y = mean of each window; padding does not count (TensorFlow).
template <class T>
void average_pool_forward(int threads, const PoolGeometry& g, const T* x, T* y) {
  AMDEFECT_DISPATCH(average_pool_forward<T>(threads, g, x, y));
}

/// dx: each dy is shared equally by the pixels of its window. Overwrites dx.
template <class T>
void average_pool_backward(int threads, const PoolGeometry& g, const T* dy, T* dx) {
  AMDEFECT_DISPATCH(average_pool_backward<T>(threads, g, dy, dx));
}

AMDEFECT_COMPILED_FUNCTION(max_pool_forward)
AMDEFECT_COMPILED_FUNCTION(max_pool_backward)
AMDEFECT_COMPILED_FUNCTION(average_pool_forward)
AMDEFECT_COMPILED_FUNCTION(average_pool_backward)

}  // namespace amdefect
