#pragma once

#include <cmath>
#include <limits>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/column_sums.hpp"
#include "amdefect/kernels/simd.hpp"

/// Batch normalisation of a matrix with a row per pixel and a column per channel (NHWC needs no rearrangement).
namespace amdefect {

/// Sizes of a batch normalisation.
struct NormGeometry {
  Index rows = 0, channels = 0;
};

inline std::size_t batch_norm_scratch(const NormGeometry& g) {
  return ColumnSums(g.rows, g.channels, 2).scratch_bytes();
}

/// Mean and biased variance of every channel.
///
/// One pass over the data, shifted by the first row so that a mean far from zero costs no accuracy:
/// var = E[(x - k)^2] - (E[x] - k)^2 (Chan, Golub, LeVeque 1983).
template <class T>
void batch_moments(int threads, const NormGeometry& g, const T* x, double* mean, double* variance, std::byte* scratch) {
  const Index channels = g.channels;
  const auto add = [=](Index begin, Index end, double* totals) {
    simd::for_each_narrow(
        channels, [=](auto whole, Index c, Index count) __attribute__((always_inline)) {
          const auto shift = simd::widen<T>(simd::load_narrow<whole>(x + c, count));
          auto sum = simd::load_narrow<whole>(totals + c, count);
          auto squares = simd::load_narrow<whole>(totals + channels + c, count);
          for (Index row = begin; row < end; ++row) {
            const auto centred = simd::widen<T>(simd::load_narrow<whole>(x + row * channels + c, count)) - shift;
            sum += centred;
            squares += centred * centred;
          }
          simd::store_narrow<whole>(totals + c, sum, count);
          simd::store_narrow<whole>(totals + channels + c, squares, count);
        });
  };
  const double* sums = ColumnSums(g.rows, channels, 2).compute(threads, scratch, add);
  const auto rows = static_cast<double>(g.rows);
  for (Index c = 0; c < channels; ++c) {
    const double shift = sums[c] / rows;
    mean[c] = static_cast<double>(x[c]) + shift;
    variance[c] = std::max(0.0, sums[channels + c] / rows - shift * shift);
  }
}

/// What `batch_norm_apply` computes of each channel: y = (x - mean) scale + beta, and with `relu` max(y, 0).
template <class T>
struct NormChannels {
  const T *mean, *scale, *beta;
  bool relu = false;
};

namespace detail {

/// Forward pass and gradient both use this, in T, so that they agree to the last bit about what a ReLU lets pass.
template <class Vector>
[[gnu::always_inline]] inline Vector normalise(Vector x, Vector mean, Vector scale, Vector beta) {
  return (x - mean) * scale + beta;
}

}  // namespace detail

/// y = (x - mean) scale + beta for every channel, and then, if `relu`, y = max(y, 0). A NaN stays a NaN. y may be x.
template <class T>
void batch_norm_apply(int threads, const NormGeometry& g, const T* x, const NormChannels<T>& norm, T* y) {
  const T least = norm.relu ? T{0} : -std::numeric_limits<T>::infinity();
  parallel_for(threads_for(threads, g.rows * g.channels), g.rows, [=](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row)
      for (Index c = 0; c < g.channels; c += simd::width<T>) {
        const Index i = row * g.channels + c, count = g.channels - c;
        const auto value = detail::normalise(simd::load(x + i, count), simd::load(norm.mean + c, count),
                                             simd::load(norm.scale + c, count), simd::load(norm.beta + c, count));
        simd::store(y + i, value < least ? simd::broadcast(least) : value, count);
      }
  });
}

/// What the gradients of a batch normalisation need to know of each channel: the forward pass, and mean and scale again
/// in double.
template <class T>
struct NormGradient {
  NormChannels<T> forward;
  const double *mean, *scale;
};

namespace detail {

/// Calls body(whole as a constant, channel, count, gradient), where gradient(x, dy) is dy, some channels of it, as it
/// arrives before the ReLU, for as many channels at a time as a vector holds doubles.
template <class T, class Body>
[[gnu::always_inline]] inline void for_each_norm_channels(const NormGeometry& g, const NormChannels<T>& norm,
                                                          Body&& body) {
  simd::for_each_narrow(
      g.channels, [&](auto whole, Index c, Index count) __attribute__((always_inline)) {
        if (!norm.relu)
          return body(
              whole, c, count, [](auto, auto dy) __attribute__((always_inline)) { return dy; });
        const auto mean = simd::load_narrow<whole>(norm.mean + c, count);
        const auto scale = simd::load_narrow<whole>(norm.scale + c, count);
        const auto beta = simd::load_narrow<whole>(norm.beta + c, count);
        const decltype(mean) zero{};
        body(
            whole, c, count, [=](auto x, auto dy) __attribute__((always_inline)) {
              return normalise(x, mean, scale, beta) > zero ? dy : zero;
            });
      });
}

}  // namespace detail

/// Sums over all rows: first dy, then dy (x - mean), per channel, with dy as it arrives before the ReLU.
template <class T>
const double* batch_norm_gradient_sums(int threads, const NormGeometry& g, const T* x, const T* dy,
                                       const NormGradient<T>& norm, std::byte* scratch) {
  const Index channels = g.channels;
  const auto add = [=](Index begin, Index end, double* totals) {
    detail::for_each_norm_channels(
        g, norm.forward, [=](auto whole, Index c, Index count, auto before_relu) __attribute__((always_inline)) {
          const auto mean = simd::load_narrow<whole>(norm.mean + c, count);
          auto sum = simd::load_narrow<whole>(totals + c, count);
          auto products = simd::load_narrow<whole>(totals + channels + c, count);
          for (Index row = begin; row < end; ++row) {
            const auto value = simd::load_narrow<whole>(x + row * channels + c, count);
            const auto passed = before_relu(value, simd::load_narrow<whole>(dy + row * channels + c, count));
            const auto gradient = simd::widen<T>(passed);
            sum += gradient;
            products += gradient * (simd::widen<T>(value) - mean);
          }
          simd::store_narrow<whole>(totals + c, sum, count);
          simd::store_narrow<whole>(totals + channels + c, products, count);
        });
  };
  return ColumnSums(g.rows, channels, 2).compute(threads, scratch, add);
}

/// dx = scale (dy - a - b (x - mean)) for every channel, with dy as it arrives before the ReLU, a = mean of dy and
/// b = mean of dy (x - mean) / variance. In double, because the terms cancel when a batch has few rows; the loop waits
/// for memory anyway. dx may be dy.
template <class T>
void batch_norm_input_gradient(int threads, const NormGeometry& g, const T* x, const T* dy, const NormGradient<T>& norm,
                               const double* a, const double* b, T* dx) {
  parallel_for(threads_for(threads, g.rows * g.channels), g.rows, [=](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row)
      detail::for_each_norm_channels(
          g, norm.forward, [=](auto whole, Index c, Index count, auto before_relu) __attribute__((always_inline)) {
            const Index i = row * g.channels + c;
            const auto value = simd::load_narrow<whole>(x + i, count);
            const auto gradient = simd::widen<T>(before_relu(value, simd::load_narrow<whole>(dy + i, count)));
            const auto centred = simd::widen<T>(value) - simd::load_narrow<whole>(norm.mean + c, count);
            const auto scale = simd::load_narrow<whole>(norm.scale + c, count);
            const auto mean_gradient = simd::load_narrow<whole>(a + c, count);
            const auto slope = simd::load_narrow<whole>(b + c, count);
            simd::store_narrow<whole>(dx + i, simd::narrow<T>(scale * (gradient - mean_gradient - slope * centred)),
                                      count);
          });
  });
}

AMDEFECT_COMPILED_FUNCTION(batch_moments)
AMDEFECT_COMPILED_FUNCTION(batch_norm_apply)
AMDEFECT_COMPILED_FUNCTION(batch_norm_gradient_sums)
AMDEFECT_COMPILED_FUNCTION(batch_norm_input_gradient)

}  // namespace amdefect
