#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/kernels/prepared_kernel.hpp"
#include "amdefect/kernels/targets.hpp"

/// 2-D convolution and its gradients; see ConvGeometry for the layouts. None of these functions allocates: the caller
/// hands in a scratch block of at least the asked number of elements, 64-byte aligned, with any content; it may be null
/// where that number is 0.
///
/// Which algorithm a convolution runs. Execution::convolution asks for one:
/// - reference: plain loops, one thread, no scratch memory.
/// - im2col: writes the windows of a few output rows as a matrix and multiplies it with the kernel. Any geometry.
/// - implicit_gemm: the same product read from the input in place; depthwise convolutions and 1x1 convolutions with few
///   outputs have their own loops. Any geometry.
/// - winograd: 3x3 kernels with stride 1 or 2, no dilation, no groups, with fewer products (targets/winograd.inc).
///   Rounding errors are larger: about 3e-6 of the largest result in float with 256 channels, where `implicit_gemm` has
///   5e-7.
/// - automatic: picks by shape.
/// Where the wanted algorithm cannot do the geometry or needs more than scratch_limit, `implicit_gemm` is used, and
/// where that needs too much, `reference`.
namespace amdefect {

/// Elements of scratch memory `conv2d_forward` needs for the same arguments; likewise below.
template <class T>
Index conv2d_forward_scratch(const Execution& execution, const ConvGeometry& g) {
  AMDEFECT_DISPATCH(conv2d_forward_scratch<T>(execution, g));
}

/// y = epilogue(x * kernel).
template <class T>
void conv2d_forward(const Execution& execution, const ConvGeometry& g, const T* x, const T* kernel,
                    const ConvEpilogue<T>& epilogue, T* y, T* scratch) {
  AMDEFECT_DISPATCH(conv2d_forward<T>(execution, g, x, kernel, epilogue, y, scratch));
}

/// What conv2d_forward makes of a kernel before it begins, and what it needs then.
template <class T>
PreparedKernel conv2d_prepared(const Execution& execution, const ConvGeometry& g) {
  AMDEFECT_DISPATCH(conv2d_prepared<T>(execution, g));
}

/// Writes the form of the kernel, 64-byte aligned.
template <class T>
void conv2d_prepare(const Execution& execution, const ConvGeometry& g, const T* kernel, T* prepared) {
  AMDEFECT_DISPATCH(conv2d_prepare<T>(execution, g, kernel, prepared));
}

/// conv2d_forward with the form that conv2d_prepare wrote. `automatic` may pick another algorithm than conv2d_forward
/// does, as the form costs nothing here: results are then equal up to rounding.
template <class T>
void conv2d_forward_prepared(const Execution& execution, const ConvGeometry& g, const T* x, const T* prepared,
                             const ConvEpilogue<T>& epilogue, T* y, T* scratch) {
  AMDEFECT_DISPATCH(conv2d_forward_prepared<T>(execution, g, x, prepared, epilogue, y, scratch));
}

template <class T>
Index conv2d_backward_input_scratch(const Execution& execution, const ConvGeometry& g) {
  AMDEFECT_DISPATCH(conv2d_backward_input_scratch<T>(execution, g));
}

/// dx = gradient of the convolution by its input (overwritten).
template <class T>
void conv2d_backward_input(const Execution& execution, const ConvGeometry& g, const T* dy, const T* kernel, T* dx,
                           T* scratch) {
  AMDEFECT_DISPATCH(conv2d_backward_input<T>(execution, g, dy, kernel, dx, scratch));
}

template <class T>
Index conv2d_backward_kernel_scratch(const Execution& execution, const ConvGeometry& g) {
  AMDEFECT_DISPATCH(conv2d_backward_kernel_scratch<T>(execution, g));
}

/// dkernel += gradient of the convolution by its kernel.
template <class T>
void conv2d_backward_kernel(const Execution& execution, const ConvGeometry& g, const T* x, const T* dy, T* dkernel,
                            T* scratch) {
  AMDEFECT_DISPATCH(conv2d_backward_kernel<T>(execution, g, x, dy, dkernel, scratch));
}

AMDEFECT_COMPILED_FUNCTION(conv2d_forward_scratch)
AMDEFECT_COMPILED_FUNCTION(conv2d_forward)
AMDEFECT_COMPILED_FUNCTION(conv2d_prepared)
AMDEFECT_COMPILED_FUNCTION(conv2d_prepare)
AMDEFECT_COMPILED_FUNCTION(conv2d_forward_prepared)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_input_scratch)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_input)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_kernel_scratch)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_kernel)

}  // namespace amdefect
