#pragma once

#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/bias_gradient.hpp"
#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/kernels/reference/conv2d.hpp"

/// 2-D convolution and its gradients (see ConvGeometry for the layouts). None of these functions allocates: the caller
/// hands in a scratch block of at least the asked number of elements, 64-byte aligned, with any content; it may be null
/// where that number is 0. The number depends on nothing but the arguments of the function that gives it.
namespace amdefect {

template <class T>
Index conv2d_forward_scratch(const Execution&, const ConvGeometry&) {
  return 0;
}
template <class T>
Index conv2d_backward_input_scratch(const Execution&, const ConvGeometry&) {
  return 0;
}
template <class T>
Index conv2d_backward_kernel_scratch(const Execution&, const ConvGeometry&) {
  return 0;
}

/// y = epilogue(x * kernel).
template <class T>
void conv2d_forward(const Execution&, const ConvGeometry& g, const T* x, const T* kernel,
                    const ConvEpilogue<T>& epilogue, T* y, T*) {
  reference::conv2d_forward(g, x, kernel, epilogue, y);
}

/// dx = gradient of the convolution by its input (overwritten).
template <class T>
void conv2d_backward_input(const Execution&, const ConvGeometry& g, const T* dy, const T* kernel, T* dx, T*) {
  reference::conv2d_backward_input(g, dy, kernel, dx);
}

/// dkernel += gradient of the convolution by its kernel.
template <class T>
void conv2d_backward_kernel(const Execution&, const ConvGeometry& g, const T* x, const T* dy, T* dkernel, T*) {
  reference::conv2d_backward_kernel(g, x, dy, dkernel);
}

}  // namespace amdefect
