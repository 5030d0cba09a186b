#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/bias_gradient.hpp"
#include "amdefect/kernels/conv2d_choice.hpp"
#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/kernels/reference/conv2d.hpp"

/// 2-D convolution and its gradients (see ConvGeometry for the layouts, conv2d_choice.hpp for the algorithms). None of
/// these functions allocates: the caller hands in a scratch block of at least the asked number of elements, 64-byte
/// aligned, with any content; it may be null where that number is 0.
namespace amdefect {

/// Elements of scratch memory `conv2d_forward` needs for the same arguments; likewise below.
template <class T>
Index conv2d_forward_scratch(const Execution& execution, const ConvGeometry& g) {
  using enum detail::ConvDirection;
  return detail::conv_scratch<T>(detail::choose_algorithm<T>(execution, forward, g), execution, forward, g);
}

/// y = epilogue(x * kernel).
template <class T>
void conv2d_forward(const Execution& execution, const ConvGeometry& g, const T* x, const T* kernel,
                    const ConvEpilogue<T>& epilogue, T* y, T* scratch) {
  if (g.output_size() == 0) return;
  const ConvAlgorithm algorithm = detail::choose_algorithm<T>(execution, detail::ConvDirection::forward, g);
  if (algorithm == ConvAlgorithm::reference)
    reference::conv2d_forward(g, x, kernel, epilogue, y);
  else if (algorithm == ConvAlgorithm::implicit_gemm && detail::is_depthwise(g))
    detail::depthwise_forward(execution, g, x, kernel, epilogue, y);
  else if (algorithm == ConvAlgorithm::winograd && g.stride_h == 1)
    detail::winograd_forward<detail::WinogradStride1>(execution, g, x, kernel, epilogue, y, scratch);
  else if (algorithm == ConvAlgorithm::winograd)
    detail::winograd_forward<detail::WinogradStride2>(execution, g, x, kernel, epilogue, y, scratch);
  else
    detail::gemm_forward(execution, g, algorithm == ConvAlgorithm::im2col, x, kernel, epilogue, y, scratch);
}

template <class T>
Index conv2d_backward_input_scratch(const Execution& execution, const ConvGeometry& g) {
  using enum detail::ConvDirection;
  return detail::conv_scratch<T>(detail::choose_algorithm<T>(execution, backward_input, g), execution, backward_input,
                                 g);
}

/// dx = gradient of the convolution by its input (overwritten).
template <class T>
void conv2d_backward_input(const Execution& execution, const ConvGeometry& g, const T* dy, const T* kernel, T* dx,
                           T* scratch) {
  const ConvAlgorithm algorithm = detail::choose_algorithm<T>(execution, detail::ConvDirection::backward_input, g);
  if (algorithm == ConvAlgorithm::reference)
    reference::conv2d_backward_input(g, dy, kernel, dx);
  else if (algorithm == ConvAlgorithm::implicit_gemm && detail::is_depthwise(g))
    detail::depthwise_backward_input(execution, g, dy, kernel, dx);
  else if (algorithm == ConvAlgorithm::winograd && g.stride_h == 1)
    detail::winograd_backward_input<detail::WinogradStride1>(execution, g, dy, kernel, dx, scratch);
  else if (algorithm == ConvAlgorithm::winograd)
    detail::winograd_backward_input<detail::WinogradStride2Gradient>(execution, g, dy, kernel, dx, scratch);
  else
    detail::gemm_backward_input(execution, g, algorithm == ConvAlgorithm::im2col, dy, kernel, dx, scratch);
}

template <class T>
Index conv2d_backward_kernel_scratch(const Execution& execution, const ConvGeometry& g) {
  using enum detail::ConvDirection;
  return detail::conv_scratch<T>(detail::choose_algorithm<T>(execution, backward_kernel, g), execution, backward_kernel,
                                 g);
}

/// dkernel += gradient of the convolution by its kernel.
template <class T>
void conv2d_backward_kernel(const Execution& execution, const ConvGeometry& g, const T* x, const T* dy, T* dkernel,
                            T* scratch) {
  if (g.output_size() == 0) return;
  const ConvAlgorithm algorithm = detail::choose_algorithm<T>(execution, detail::ConvDirection::backward_kernel, g);
  if (algorithm == ConvAlgorithm::reference)
    reference::conv2d_backward_kernel(g, x, dy, dkernel);
  else if (algorithm == ConvAlgorithm::implicit_gemm && detail::is_depthwise(g))
    detail::depthwise_backward_kernel(execution, g, x, dy, dkernel);
  else if (algorithm == ConvAlgorithm::winograd && g.stride_h == 1)
    detail::winograd_backward_kernel<detail::WinogradStride1>(execution, g, x, dy, dkernel, scratch);
  else if (algorithm == ConvAlgorithm::winograd)
    detail::winograd_backward_kernel<detail::WinogradStride2>(execution, g, x, dy, dkernel, scratch);
  else
    detail::gemm_backward_kernel(execution, g, algorithm == ConvAlgorithm::im2col, x, dy, dkernel, scratch);
}

AMDEFECT_COMPILED_FUNCTION(conv2d_forward_scratch)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_input_scratch)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_kernel_scratch)
AMDEFECT_COMPILED_FUNCTION(conv2d_forward)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_input)
AMDEFECT_COMPILED_FUNCTION(conv2d_backward_kernel)

}  // namespace amdefect
