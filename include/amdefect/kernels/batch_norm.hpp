#pragma once

#include <cstddef>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/column_sums.hpp"
#include "amdefect/kernels/norm_geometry.hpp"
#include "amdefect/kernels/targets.hpp"

/// Batch normalisation of a matrix with a row per pixel and a column per channel (NHWC needs no rearrangement).
namespace amdefect {

/// Bytes of scratch memory, 64-byte aligned, for the sums of one call.
inline std::size_t batch_norm_scratch(const NormGeometry& g) {
  return ColumnSums(g.rows, g.channels, 2).scratch_bytes();
}

/// Mean and biased variance of every channel.
///
/// One pass over the data, shifted by the first row so that a mean far from zero costs no accuracy:
/// var = E[(x - k)^2] - (E[x] - k)^2 (Chan, Golub, LeVeque 1983).
template <class T>
void batch_moments(int threads, const NormGeometry& g, const T* x, double* mean, double* variance, std::byte* scratch) {
  AMDEFECT_DISPATCH(batch_moments<T>(threads, g, x, mean, variance, scratch));
}

/// y = activation((x - mean) scale + beta) for every channel. A NaN stays a NaN. y may be x.
template <class T>
void batch_norm_apply(int threads, const NormGeometry& g, const T* x, const NormChannels<T>& norm, T* y) {
  AMDEFECT_DISPATCH(batch_norm_apply<T>(threads, g, x, norm, y));
}

/// y = max(batch_norm_apply(x) + residual, 0), to the last bit as in three steps. The norm has no activation.
template <class T>
void batch_norm_add_relu(int threads, const NormGeometry& g, const T* x, const NormChannels<T>& norm, const T* residual,
                         T* y) {
  AMDEFECT_DISPATCH(batch_norm_add_relu<T>(threads, g, x, norm, residual, y));
}

/// dx = dy as it arrives before the activation. dx may be dy.
template <class T>
void batch_norm_activation_gradient(int threads, const NormGeometry& g, const T* x, const T* dy,
                                    const NormChannels<T>& norm, T* dx) {
  AMDEFECT_DISPATCH(batch_norm_activation_gradient<T>(threads, g, x, dy, norm, dx));
}

/// Sums over all rows: first dy, then dy (x - mean), per channel, with dy as it arrives before the activation.
template <class T>
const double* batch_norm_gradient_sums(int threads, const NormGeometry& g, const T* x, const T* dy,
                                       const NormGradient<T>& norm, std::byte* scratch) {
  AMDEFECT_DISPATCH(batch_norm_gradient_sums<T>(threads, g, x, dy, norm, scratch));
}

/// dx = scale dy - a - b (x - mean) for every channel, with dy as it arrives before the activation; for batch norm
/// a = scale times the mean of dy and b = scale times the mean of dy (x - mean) / variance. In double, because the
/// terms cancel when a batch has few rows; the loop waits for memory anyway. dx may be dy.
template <class T>
void batch_norm_input_gradient(int threads, const NormGeometry& g, const T* x, const T* dy, const NormGradient<T>& norm,
                               const double* a, const double* b, T* dx) {
  AMDEFECT_DISPATCH(batch_norm_input_gradient<T>(threads, g, x, dy, norm, a, b, dx));
}

AMDEFECT_COMPILED_FUNCTION(batch_moments)
AMDEFECT_COMPILED_FUNCTION(batch_norm_apply)
AMDEFECT_COMPILED_FUNCTION(batch_norm_add_relu)
AMDEFECT_COMPILED_FUNCTION(batch_norm_activation_gradient)
AMDEFECT_COMPILED_FUNCTION(batch_norm_gradient_sums)
AMDEFECT_COMPILED_FUNCTION(batch_norm_input_gradient)

}  // namespace amdefect
