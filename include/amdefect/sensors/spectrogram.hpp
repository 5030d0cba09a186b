#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
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

/// Power of a signal over time and frequency: its short-time Fourier transform with Hann's window, in decibels.
///
/// [looks, window / 2 + 1]; look t begins at sample t hop, bin k is the frequency k / window of the samples' rate.
/// A sine of amplitude 1 in the middle of a bin has 0 dB there. The signal must hold one window; what is left behind
/// the last whole one is not looked at. @throws Error for options without meaning, a signal that is too short, and a
/// sample that is not finite.
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
  const Index looks = (samples - options.window) / options.hop + 1, bins = options.window / 2 + 1;
  Tensor<float> result({looks, bins});
  RealFourier transform(options.window);
  std::vector<double> seen(window.size());
  for (Index look = 0; look < looks; ++look) {
    const float* from = signal.data() + look * options.hop;
    for (std::size_t i = 0; i < seen.size(); ++i) seen[i] = window[i] * static_cast<double>(from[i]);
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

/// The sound of a layer as a picture, where the layer is made row by row: looks [rows looks_per_row, bands] become
/// [rows, looks_per_row, bands], a channel for each band. Further looks are left out.
/// @throws Error if there are fewer looks than rows.
inline BasicImage<float> scan_picture(TensorView<const float> looks, Index rows) {
  require<ShapeError>(looks.rank() == 2, "scan picture: expected [looks, bands], got ", looks.shape());
  require(rows >= 1 && rows <= looks.dim(0), "scan picture: ", looks.dim(0), " looks for ", rows,
          " rows, expected at least one for each");
  const Index bands = looks.dim(1);
  BasicImage<float> picture(rows, looks.dim(0) / rows, bands);
  std::copy_n(looks.data(), picture.values().size(), picture.values().begin());
  return picture;
}

}  // namespace amdefect
