#pragma once

#include <algorithm>
#include <cstddef>

#include "amdefect/kernels/conv2d.hpp"
#include "amdefect/kernels/pixel_sums.hpp"
#include "amdefect/nn/operation.hpp"

/// What layers that are convolutions, or products with a matrix, which are 1x1 convolutions, have in common.
namespace amdefect::detail {

template <class T>
std::size_t bytes_of(Index elements) {
  return static_cast<std::size_t>(elements) * sizeof(T);
}

template <class T>
MemoryRequest convolution_memory(const Execution& execution, const ConvGeometry& g, bool training) {
  MemoryRequest request{.forward_scratch = bytes_of<T>(conv2d_forward_scratch<T>(execution, g))};
  if (training)
    request.backward_scratch = bytes_of<T>(
        std::max(conv2d_backward_input_scratch<T>(execution, g), conv2d_backward_kernel_scratch<T>(execution, g)));
  return request;
}

/// The kernel in the form that the algorithm reads.
template <class T>
PreparedRequest convolution_prepared(const Execution& execution, const ConvGeometry& g) {
  const PreparedKernel kernel = conv2d_prepared<T>(execution, g);
  return {bytes_of<T>(kernel.size), bytes_of<T>(kernel.scratch), static_cast<int>(kernel.algorithm)};
}

/// y = epilogue(x * kernel), by the prepared kernel unless it is null.
template <class T>
void convolve(const Execution& execution, const ConvGeometry& g, const T* x, const T* kernel, const T* prepared,
              const ConvEpilogue<T>& epilogue, T* y, T* scratch) {
  if (prepared)
    conv2d_forward_prepared(execution, g, x, prepared, epilogue, y, scratch);
  else
    conv2d_forward(execution, g, x, kernel, epilogue, y, scratch);
}

/// The gradients that are wanted, of x * kernel + bias: adds to those of kernel and bias, overwrites dx.
template <class T>
void convolve_backward(const Execution& execution, const ConvGeometry& g, const T* x, const T* kernel, const T* dy,
                       TensorView<T> dkernel, TensorView<T> dbias, T* dx, T* scratch) {
  if (!dbias.empty()) add_pixel_sums(execution.threads, g.batch * g.out_h * g.out_w, g.out_c, dy, dbias.data());
  if (!dkernel.empty()) conv2d_backward_kernel(execution, g, x, dy, dkernel.data(), scratch);
  if (dx) conv2d_backward_input(execution, g, dy, kernel, dx, scratch);
}

}  // namespace amdefect::detail
