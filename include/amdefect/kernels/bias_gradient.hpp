#pragma once

#include <algorithm>
#include <array>

#include "amdefect/core/execution.hpp"
#include "amdefect/core/parallel.hpp"

namespace amdefect {

/// Adds the sum over all pixels of dy (pixels x channels) to dbias (channels).
///
/// Sums are taken over short runs of pixels in T and over the runs in double, so that their error does not grow with
/// the size of the image. Each thread owns some channels: the result does not depend on the number of threads.
template <class T>
void bias_gradient(const Execution& execution, Index pixels, Index channels, const T* dy, T* dbias) {
  constexpr Index width = 32, run = 128;
  const int threads = threads_for(execution.threads, pixels * channels);
  parallel_for(threads, (channels + width - 1) / width, [=](Index begin, Index end, int) {
    for (Index first = begin * width; first < std::min(end * width, channels); first += width) {
      const Index count = std::min(width, channels - first);
      std::array<double, width> total{};
      for (Index start = 0; start < pixels; start += run) {
        std::array<T, width> partial{};
        for (Index p = start; p < std::min(start + run, pixels); ++p)
          for (Index c = 0; c < count; ++c) partial[static_cast<std::size_t>(c)] += dy[p * channels + first + c];
        for (std::size_t c = 0; c < width; ++c) total[c] += static_cast<double>(partial[c]);
      }
      for (Index c = 0; c < count; ++c) dbias[first + c] += static_cast<T>(total[static_cast<std::size_t>(c)]);
    }
  });
}

}  // namespace amdefect
