#pragma once

#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/conv2d_depthwise.hpp"
#include "amdefect/kernels/conv2d_gemm.hpp"
#include "amdefect/kernels/conv2d_gemm_kernel_gradient.hpp"
#include "amdefect/kernels/winograd_kernel_gradient.hpp"

/// Which algorithm a convolution runs. Execution::convolution asks for one:
/// - reference: plain loops, one thread, no scratch memory.
/// - im2col: writes the windows of a few output rows as a matrix and multiplies it with the kernel. Any geometry.
/// - implicit_gemm: the same product read from the input in place; depthwise convolutions have their own loops. Any
/// geometry.
/// - winograd: 3x3 kernels with stride 1 or 2, no dilation, no groups, with fewer products (winograd.hpp). Rounding
///   errors are larger: about 3e-6 of the largest result in float with 256 channels, where `implicit_gemm` has 5e-7.
/// - automatic: picks by shape.
/// Where the wanted algorithm cannot do the geometry or needs more than scratch_limit, `implicit_gemm` is used, and
/// where that needs too much, `reference`.
namespace amdefect::detail {

enum class ConvDirection { forward, backward_input, backward_kernel };

template <class T, class Scheme, class GradientScheme>
Index winograd_scratch(const Execution& execution, ConvDirection direction, const ConvGeometry& g) {
  if (direction == ConvDirection::forward)
    return WinogradScratch<T, Scheme>(execution, forward_grid<Scheme>(g)).elements();
  if (direction == ConvDirection::backward_input)
    return WinogradScratch<T, GradientScheme>(execution, gradient_grid<GradientScheme>(g)).elements();
  return WinogradGradientScratch<T, Scheme>(execution, forward_grid<Scheme>(g)).elements();
}

/// Elements of scratch memory of one algorithm.
template <class T>
Index conv_scratch(ConvAlgorithm algorithm, const Execution& execution, ConvDirection direction,
                   const ConvGeometry& g) {
  if (algorithm == ConvAlgorithm::winograd)
    return g.stride_h == 1 ? winograd_scratch<T, WinogradStride1, WinogradStride1>(execution, direction, g)
                           : winograd_scratch<T, WinogradStride2, WinogradStride2Gradient>(execution, direction, g);
  const bool columns = algorithm == ConvAlgorithm::im2col;
  if (algorithm == ConvAlgorithm::reference || g.output_size() == 0 || (is_depthwise(g) && !columns)) return 0;
  if (direction == ConvDirection::forward) return gemm_forward_scratch<T>(execution, g, columns);
  if (direction == ConvDirection::backward_input) return gemm_backward_input_scratch<T>(execution, g, columns);
  return gemm_backward_kernel_scratch<T>(execution, g, columns);
}

inline bool can_do(ConvAlgorithm algorithm, const ConvGeometry& g) {
  if (algorithm == ConvAlgorithm::winograd) return winograd_fits(g) && g.output_size() > 0;
  return algorithm == ConvAlgorithm::im2col || algorithm == ConvAlgorithm::implicit_gemm;
}

/// What `automatic` stands for: `winograd` in float where the products it saves are worth more than the transforms,
/// else `implicit_gemm` (in double it would cost accuracy). Measured on one Zen 4 core with AVX-512 and 32 MB of L3
/// cache, time of implicit_gemm / time of winograd for forward, input gradient, kernel gradient:
///   stride 1   16->16   at 104x104: 2.2 2.2 3.0   stride 2   16->32   at 104x104: 1.0 1.4 1.3
///              256->256 at 52x52:   2.9 2.7 2.6              64->128  at 208x208: 1.3 1.4 1.0
///              256->256 at 13x13:   1.8 1.5 1.4              128->256 at 104x104: 1.2 1.2 1.2
///              512->512 at 7x7, 8 images: 1.6 1.6 2.5        64->64   at 52x52:   1.2 1.2 1.2
///              512->512 at 7x7, 1 image:  0.6 0.8 1.5        128->128 at 26x26:   0.9 0.9 0.9
///              8->8     at 104x104: 1.1 1.1 1.3              256->512 at 52x52:   0.8 0.7 1.1
/// So there must be enough tiles to pay for the transform of the kernel, and with stride 2, where less is saved, the
/// transformed kernel must stay in the cache.
template <class T>
ConvAlgorithm automatic_algorithm(const ConvGeometry& g) {
  if (sizeof(T) > sizeof(float) || !winograd_fits(g)) return ConvAlgorithm::implicit_gemm;
  const bool unit = g.stride_h == 1;
  const Index least_channels = unit ? 8 : 16, least_tiles = unit ? 8 : 48;
  const bool enough =
      std::min(g.in_c, g.out_c) >= least_channels && forward_grid<WinogradStride1>(g).tiles() >= least_tiles;
  return enough && (unit || g.in_c * g.out_c <= Index{256} * 192) ? ConvAlgorithm::winograd
                                                                  : ConvAlgorithm::implicit_gemm;
}

template <class T>
ConvAlgorithm choose_algorithm(const Execution& execution, ConvDirection direction, const ConvGeometry& g) {
  if (execution.convolution == ConvAlgorithm::reference) return ConvAlgorithm::reference;
  const ConvAlgorithm wanted =
      execution.convolution == ConvAlgorithm::automatic ? automatic_algorithm<T>(g) : execution.convolution;
  for (const ConvAlgorithm algorithm : {wanted, ConvAlgorithm::implicit_gemm})
    if (can_do(algorithm, g) &&
        static_cast<std::size_t>(conv_scratch<T>(algorithm, execution, direction, g)) * sizeof(T) <=
            execution.scratch_limit)
      return algorithm;
  return ConvAlgorithm::reference;
}

}  // namespace amdefect::detail
