#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"

// GCC 12 sees a conversion in Eigen's kiss_fft that is none of ours.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#include <unsupported/Eigen/FFT>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace amdefect {

/// The discrete Fourier transform of real numbers, sum over i of x(i) exp(-2 pi j k i / size) for k = 0 to size / 2,
/// by Eigen's fast one. Not for two threads at once.
class RealFourier {
 public:
  /// @throws Error for a size that is not positive.
  explicit RealFourier(Index size) : bins_(static_cast<std::size_t>(size / 2 + 1)) {
    require(size > 0, "Fourier transform: of ", size, " numbers, expected at least one");
    transform_.SetFlag(Eigen::FFT<double>::HalfSpectrum);
  }

  /// Valid until the next call.
  std::span<const std::complex<double>> operator()(std::span<const double> numbers) {
    transform_.fwd(bins_.data(), numbers.data(), static_cast<Eigen::Index>(numbers.size()));
    return bins_;
  }

 private:
  Eigen::FFT<double> transform_;
  std::vector<std::complex<double>> bins_;
};

}  // namespace amdefect
