#pragma once

#include <cmath>

#include "amdefect/kernels/column_sums.hpp"

/// Batch normalisation of a matrix with a row per pixel and a column per channel (NHWC needs no rearrangement).
namespace amdefect {

/// Sizes of a batch normalisation.
struct NormGeometry {
  Index rows = 0, channels = 0;
};

template <class T>
std::size_t batch_norm_scratch(const NormGeometry& g) {
  return ColumnSums<T>(g.rows, g.channels, 2).scratch_bytes();
}

/// Mean and biased variance of every channel.
///
/// One pass over the data, shifted by the first row so that a mean far from zero costs no accuracy:
/// var = E[(x - k)^2] - (E[x] - k)^2 (Chan, Golub, LeVeque 1983).
template <class T>
void batch_moments(int threads, const NormGeometry& g, const T* x, double* mean, double* variance, std::byte* scratch) {
  const Index channels = g.channels;
  const double* sums = ColumnSums<T>(g.rows, channels, 2).compute(threads, scratch, [=](Index row, T* partial) {
    const T* values = x + row * channels;
    for (Index c = 0; c < channels; ++c) {
      const T centred = values[c] - x[c];
      partial[c] += centred;
      partial[channels + c] += centred * centred;
    }
  });
  const auto rows = static_cast<double>(g.rows);
  for (Index c = 0; c < channels; ++c) {
    const double shift = sums[c] / rows;
    mean[c] = static_cast<double>(x[c]) + shift;
    variance[c] = std::max(0.0, sums[channels + c] / rows - shift * shift);
  }
}

/// y = (x - mean) scale + beta for every channel. y may be x.
template <class T>
void batch_norm_apply(int threads, const NormGeometry& g, const T* x, const T* mean, const T* scale, const T* beta,
                      T* y) {
  parallel_for(threads, g.rows, [&](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row)
      for (Index c = 0; c < g.channels; ++c)
        y[row * g.channels + c] = (x[row * g.channels + c] - mean[c]) * scale[c] + beta[c];
  });
}

/// Sums over all rows: first dy, then dy (x - mean) inverse_deviation, per channel (that is dbeta and dgamma).
template <class T>
const double* batch_norm_gradient_sums(int threads, const NormGeometry& g, const T* x, const T* dy, const T* mean,
                                       const T* inverse_deviation, std::byte* scratch) {
  const Index channels = g.channels;
  return ColumnSums<T>(g.rows, channels, 2).compute(threads, scratch, [=](Index row, T* partial) {
    const T* values = x + row * channels;
    const T* gradients = dy + row * channels;
    for (Index c = 0; c < channels; ++c) {
      partial[c] += gradients[c];
      partial[channels + c] += gradients[c] * ((values[c] - mean[c]) * inverse_deviation[c]);
    }
  });
}

/// dx = scale (dy - a - b (x - mean)) for every channel, where scale = gamma / deviation, a = mean of dy and
/// b = mean of dy xhat / deviation. dx may be dy.
template <class T>
void batch_norm_input_gradient(int threads, const NormGeometry& g, const T* x, const T* dy, const T* mean,
                               const T* scale, const T* a, const T* b, T* dx) {
  parallel_for(threads, g.rows, [&](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row)
      for (Index c = 0; c < g.channels; ++c) {
        const Index i = row * g.channels + c;
        dx[i] = scale[c] * (dy[i] - a[c] - b[c] * (x[i] - mean[c]));
      }
  });
}

}  // namespace amdefect
