#pragma once

#include <algorithm>
#include <span>

#include "amdefect/core/tensor.hpp"
#include "amdefect/distributed/process_group.hpp"

namespace amdefect::detail {

/// Makes the moments of this process' rows those of the rows of all processes. `moments`: the mean of every channel,
/// then the biased variance of every channel, then the number of rows. `near` is anything near the means that is the
/// same on all processes, so that a mean far from zero costs no accuracy.
template <class T>
void share_moments(ProcessGroup& group, TensorView<const T> near, double* moments) {
  const Index channels = near.size();
  double *mean = moments, *variance = moments + channels, &rows = moments[2 * channels];
  for (Index c = 0; c < channels; ++c) {
    const double shift = mean[c] - static_cast<double>(near[c]);
    mean[c] = rows * shift;
    variance[c] = rows * (variance[c] + shift * shift);
  }
  group.all_reduce_sum({moments, 2 * static_cast<std::size_t>(channels) + 1});
  for (Index c = 0; c < channels; ++c) {
    const double shift = mean[c] / rows;
    mean[c] = static_cast<double>(near[c]) + shift;
    variance[c] = std::max(0.0, variance[c] / rows - shift * shift);
  }
}

}  // namespace amdefect::detail
