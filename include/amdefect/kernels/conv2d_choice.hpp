#pragma once

#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/conv2d_depthwise.hpp"
#include "amdefect/kernels/conv2d_gemm.hpp"
#include "amdefect/kernels/conv2d_gemm_kernel_gradient.hpp"

/// Which algorithm a convolution runs. Execution::convolution asks for one:
/// - reference: plain loops, one thread, no scratch memory.
/// - im2col: writes the windows of a few output rows as a matrix and multiplies it with the kernel. Any geometry.
/// - direct: the same product read from the input in place; depthwise convolutions have their own loops. Any geometry.
/// - automatic: picks by shape.
/// Where the wanted algorithm cannot do the geometry or needs more than scratch_limit, `direct` is used, and where that
/// needs too much, `reference`.
namespace amdefect::detail {

enum class ConvDirection { forward, backward_input, backward_kernel };

/// Elements of scratch memory of one algorithm.
template <class T>
Index conv_scratch(ConvAlgorithm algorithm, const Execution& execution, ConvDirection direction,
                   const ConvGeometry& g) {
  const bool columns = algorithm == ConvAlgorithm::im2col;
  if (algorithm == ConvAlgorithm::reference || g.output_size() == 0 || (is_depthwise(g) && !columns)) return 0;
  if (direction == ConvDirection::forward) return gemm_forward_scratch<T>(execution, g, columns);
  if (direction == ConvDirection::backward_input) return gemm_backward_input_scratch<T>(execution, g, columns);
  return gemm_backward_kernel_scratch<T>(execution, g, columns);
}

inline bool can_do(ConvAlgorithm algorithm, const ConvGeometry&) {
  return algorithm == ConvAlgorithm::im2col || algorithm == ConvAlgorithm::direct;
}

template <class T>
ConvAlgorithm choose_algorithm(const Execution& execution, ConvDirection direction, const ConvGeometry& g) {
  if (execution.convolution == ConvAlgorithm::reference) return ConvAlgorithm::reference;
  const ConvAlgorithm wanted =
      execution.convolution == ConvAlgorithm::automatic ? ConvAlgorithm::direct : execution.convolution;
  for (const ConvAlgorithm algorithm : {wanted, ConvAlgorithm::direct})
    if (can_do(algorithm, g) &&
        static_cast<std::size_t>(conv_scratch<T>(algorithm, execution, direction, g)) * sizeof(T) <=
            execution.scratch_limit)
      return algorithm;
  return ConvAlgorithm::reference;
}

}  // namespace amdefect::detail
