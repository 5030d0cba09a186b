#pragma once

#include <cmath>
#include <limits>

#include "amdefect/kernels/column_sums.hpp"

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
  const double* sums = ColumnSums(g.rows, channels, 2).compute(threads, scratch, [=](Index row, double* totals) {
    const T* values = x + row * channels;
    for (Index c = 0; c < channels; ++c) {
      const double centred = static_cast<double>(values[c]) - static_cast<double>(x[c]);
      totals[c] += centred;
      totals[channels + c] += centred * centred;
    }
  });
  const auto rows = static_cast<double>(g.rows);
  for (Index c = 0; c < channels; ++c) {
    const double shift = sums[c] / rows;
    mean[c] = static_cast<double>(x[c]) + shift;
    variance[c] = std::max(0.0, sums[channels + c] / rows - shift * shift);
  }
}

/// y = (x - mean) scale + beta for every channel, and then, if `relu`, y = max(y, 0). y may be x.
template <class T>
void batch_norm_apply(int threads, const NormGeometry& g, const T* x, const T* mean, const T* scale, const T* beta,
                      bool relu, T* y) {
  const T least = relu ? T{0} : -std::numeric_limits<T>::infinity();
  parallel_for(threads_for(threads, g.rows * g.channels), g.rows, [&](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row)
      for (Index c = 0; c < g.channels; ++c) {
        const T value = (x[row * g.channels + c] - mean[c]) * scale[c] + beta[c];
        y[row * g.channels + c] = value < least ? least : value;
      }
  });
}

/// What the gradients of a batch normalisation need to know of a channel, each with a value per channel.
struct NormChannels {
  const double* mean;
  const double* scale;  ///< gamma / deviation
  /// Only if a ReLU follows: dy then counts where (x - mean) scale + beta > 0. Where that is 0 but for rounding, the
  /// forward pass may have decided otherwise.
  const double* beta = nullptr;

  /// Calls `use(gradient)`, where gradient(x - mean, dy, channel) is dy as it arrives before the ReLU.
  template <class Use>
  void with_gradient(const Use& use) const {
    const double *factor = scale, *shift = beta;
    if (beta)
      use([=](double centred, double dy, Index c) {
        const double passes = centred * factor[c] + shift[c] > 0 ? 1 : 0;
        return passes * dy;  // a product, because compilers do not vectorise the choice between dy and 0
      });
    else
      use([](double, double dy, Index) { return dy; });
  }
};

/// Sums over all rows: first dy, then dy (x - mean), per channel, with dy as it arrives before the ReLU.
template <class T>
const double* batch_norm_gradient_sums(int threads, const NormGeometry& g, const T* x, const T* dy,
                                       const NormChannels& norm, std::byte* scratch) {
  const Index channels = g.channels;
  const double *mean = norm.mean, *sums = nullptr;
  norm.with_gradient([&](const auto& before_relu) {
    sums = ColumnSums(g.rows, channels, 2).compute(threads, scratch, [=](Index row, double* totals) {
      const T* values = x + row * channels;
      const T* gradients = dy + row * channels;
      for (Index c = 0; c < channels; ++c) {
        const double centred = static_cast<double>(values[c]) - mean[c];
        const double gradient = before_relu(centred, static_cast<double>(gradients[c]), c);
        totals[c] += gradient;
        totals[channels + c] += gradient * centred;
      }
    });
  });
  return sums;
}

/// dx = scale (dy - a - b (x - mean)) for every channel, with dy as it arrives before the ReLU, a = mean of dy and
/// b = mean of dy (x - mean) / variance. In double, because the terms cancel when a batch has few rows; the loop waits
/// for memory anyway. dx may be dy.
template <class T>
void batch_norm_input_gradient(int threads, const NormGeometry& g, const T* x, const T* dy, const NormChannels& norm,
                               const double* a, const double* b, T* dx) {
  const double *mean = norm.mean, *scale = norm.scale;
  norm.with_gradient([&](const auto& before_relu) {
    parallel_for(threads_for(threads, g.rows * g.channels), g.rows, [=](Index begin, Index end, int) {
      for (Index row = begin; row < end; ++row)
        for (Index c = 0; c < g.channels; ++c) {
          const Index i = row * g.channels + c;
          const double centred = static_cast<double>(x[i]) - mean[c];
          const double gradient = before_relu(centred, static_cast<double>(dy[i]), c);
          dx[i] = static_cast<T>(scale[c] * (gradient - a[c] - b[c] * centred));
        }
    });
  });
}

}  // namespace amdefect
