#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdlib>
#include <numbers>
#include <span>
#include <vector>

#include "amdefect/core/tensor.hpp"
#include "amdefect/image/image.hpp"
#include "amdefect/sensors/fourier.hpp"

namespace amdefect {

/// How a signal becomes a spectrogram.
struct SpectrogramOptions {
  Index window = 256;      ///< samples that are looked at together
  Index hop = 128;         ///< samples from one look to the next
  double floor_db = -120;  ///< what is less is this
  /// Look t is around sample (t + 1/2) hop, and there are as many as the signal has whole hops: beyond its ends it is
  /// mirrored. Else look t begins at sample t hop, as many as there are whole windows.
  bool centred = false;
};

/// Throws an Error that names the option without meaning.
inline void check(const SpectrogramOptions& options) {
  require(options.window >= 2 && options.window <= (Index{1} << 24), "spectrogram: window is ", options.window,
          ", expected 2 to 16777216 samples");
  require(options.hop >= 1, "spectrogram: hop is ", options.hop, ", expected at least 1 sample");
  require(std::isfinite(options.floor_db), "spectrogram: floor_db is not finite");
}

/// Hann's window, periodic: 0.5 - 0.5 cos(2 pi i / size).
inline std::vector<double> hann_window(Index size) {
  std::vector<double> window(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < window.size(); ++i)
    window[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
  return window;
}

namespace detail {

/// A sample of a signal that goes on beyond its ends as it came.
inline double mirrored(std::span<const float> signal, Index i) {
  const Index last = static_cast<Index>(signal.size()) - 1;
  return static_cast<double>(signal[static_cast<std::size_t>(last - std::abs(last - std::abs(i)))]);
}

}  // namespace detail

/// Power of a signal over time and frequency: its short-time Fourier transform with Hann's window, in decibels.
///
/// [looks, window / 2 + 1]; bin k is the frequency k / window of the samples' rate. A sine of amplitude 1 in the middle
/// of a bin has 0 dB there. The signal must hold one window, centred ones a hop, too. @throws Error for options without
/// meaning, a signal that is too short, and a sample that is not finite.
inline Tensor<float> spectrogram(std::span<const float> signal, const SpectrogramOptions& options = {}) {
  check(options);
  const auto samples = static_cast<Index>(signal.size());
  require(samples >= options.window, "spectrogram: the signal has ", samples, " samples, expected at least the ",
          options.window, " of a window");
  const auto bad = std::find_if_not(signal.begin(), signal.end(), [](float s) { return std::isfinite(s); });
  require(bad == signal.end(), "spectrogram: sample ", bad - signal.begin(), " of the signal is not finite");
  const std::vector<double> window = hann_window(options.window);
  double sum = 0;
  for (const double weight : window) sum += weight;
  const Index looks = options.centred ? samples / options.hop : (samples - options.window) / options.hop + 1;
  require(looks > 0, "spectrogram: the signal has ", samples, " samples, expected at least the ", options.hop,
          " of a hop");
  const Index before = options.centred ? (options.window - options.hop) / 2 : 0, bins = options.window / 2 + 1;
  Tensor<float> result({looks, bins});
  RealFourier transform(options.window);
  std::vector<double> seen(window.size());
  for (Index look = 0; look < looks; ++look) {
    for (std::size_t i = 0; i < seen.size(); ++i)
      seen[i] = window[i] * detail::mirrored(signal, look * options.hop - before + static_cast<Index>(i));
    const std::span<const std::complex<double>> spectrum = transform(seen);
    for (Index bin = 0; bin < bins; ++bin) {
      const bool alone = bin == 0 || 2 * bin == options.window;  // no mirror image among negative frequencies
      const double amplitude = (alone ? 1 : 2) * std::abs(spectrum[static_cast<std::size_t>(bin)]) / sum;
      const double db = amplitude > 0 ? 20 * std::log10(amplitude) : options.floor_db;
      result(look, bin) = static_cast<float>(std::max(db, options.floor_db));
    }
  }
  return result;
}

/// A spectrogram in `bands` bands of equally many bins (the first bin, which is no sound, left out): the mean of the
/// power in decibels. [looks, bands]. @throws Error for more bands than bins.
inline Tensor<float> frequency_bands(TensorView<const float> spectrogram, Index bands) {
  require<ShapeError>(spectrogram.rank() == 2, "frequency bands: expected a spectrogram [looks, bins], got ",
                      spectrogram.shape());
  const Index bins = spectrogram.dim(1) - 1;
  require(bands >= 1 && bands <= bins, "frequency bands: ", bands, " bands of ", bins, " bins, expected 1 to ", bins);
  Tensor<float> result({spectrogram.dim(0), bands});
  for (Index look = 0; look < spectrogram.dim(0); ++look)
    for (Index band = 0; band < bands; ++band) {
      const Index begin = 1 + band * bins / bands, end = 1 + (band + 1) * bins / bands;
      double sum = 0;
      for (Index bin = begin; bin < end; ++bin) sum += static_cast<double>(spectrogram[look * (bins + 1) + bin]);
      result(look, band) = static_cast<float>(sum / static_cast<double>(end - begin));
    }
  return result;
}

/// The sound of a layer as a picture, where the layer is made row by row in equal times: [looks, bands] become [rows,
/// looks / rows, bands], a channel for each band. Where the rows do not have a whole number of looks, each pixel is the
/// look in the middle of its time, so that row r begins at look r looks / rows (to the nearest) all the same.
///
/// Looks have to cover the time of the layer evenly, as those of a spectrogram that is `centred` do.
/// @throws Error if there are fewer looks than rows.
inline BasicImage<float> scan_picture(TensorView<const float> looks, Index rows) {
  require<ShapeError>(looks.rank() == 2, "scan picture: expected [looks, bands], got ", looks.shape());
  const Index count = looks.dim(0), bands = looks.dim(1);
  require(rows >= 1 && rows <= count, "scan picture: ", count, " looks for ", rows,
          " rows, expected at least one for each");
  BasicImage<float> picture(rows, count / rows, bands);
  const Index times = rows * picture.width();
  for (Index i = 0; i < times; ++i)
    std::copy_n(looks.data() + (2 * i + 1) * count / (2 * times) * bands, bands, picture.values().data() + i * bands);
  return picture;
}

}  // namespace amdefect
