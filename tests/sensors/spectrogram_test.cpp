#include "amdefect/sensors/spectrogram.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "amdefect/core/random.hpp"
#include "amdefect/sensors/resample.hpp"

using namespace amdefect;

namespace spectrogram_test {

/// By the definition.
double power_db(std::span<const float> samples, Index bin) {
  std::complex<double> sum = 0;
  double weights = 0;
  const auto size = static_cast<double>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double at = static_cast<double>(i), weight = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * at / size);
    sum += weight * static_cast<double>(samples[i]) *
           std::polar(1.0, -2 * std::numbers::pi * at * static_cast<double>(bin) / size);
    weights += weight;
  }
  const bool alone = bin == 0 || 2 * bin == static_cast<Index>(samples.size());
  return 20 * std::log10((alone ? 1 : 2) * std::abs(sum) / weights);
}

std::vector<float> noise(Index samples) {
  Random random(11);
  std::vector<float> signal(static_cast<std::size_t>(samples));
  for (float& sample : signal) sample = static_cast<float>(random.normal());
  return signal;
}

// Stands in docs/sensors.md.
BasicImage<float> sound_channels(std::span<const float> signal, Index rows, Index height, Index width) {
  const Tensor<float> looks =
      spectrogram(signal, {.window = 256, .hop = 64, .centred = true});           // [looks, 129], decibels
  const BasicImage<float> sound = scan_picture(frequency_bands(looks, 8), rows);  // a channel for each band
  return resample(sound, stretch_registration(height, width, sound.height(), sound.width()), height, width);
}

}  // namespace spectrogram_test
using namespace spectrogram_test;

TEST_CASE("a spectrogram is the directly computed transform") {
  for (const Index window : {2, 15, 16, 60, 64}) {
    CAPTURE(window);
    const std::vector<float> signal = noise(200);
    const Tensor<float> looks = spectrogram(signal, {.window = window, .hop = 7});
    REQUIRE(looks.shape() == Shape{(200 - window) / 7 + 1, window / 2 + 1});
    for (Index look = 0; look < looks.dim(0); ++look)
      for (Index bin = 0; bin < looks.dim(1); ++bin) {
        const auto part =
            std::span(signal).subspan(static_cast<std::size_t>(7 * look), static_cast<std::size_t>(window));
        CHECK(looks(look, bin) == doctest::Approx(std::max(-120.0, power_db(part, bin))).epsilon(1e-5));
      }
  }
}

TEST_CASE("a sine of amplitude 1 has 0 dB in its bin, and silence the floor") {
  std::vector<float> signal(64);
  for (std::size_t i = 0; i < signal.size(); ++i)
    signal[i] = static_cast<float>(std::sin(2 * std::numbers::pi * 5 * static_cast<double>(i) / 32));
  const Tensor<float> looks = spectrogram(signal, {.window = 32, .hop = 16, .floor_db = -90});
  for (Index look = 0; look < 3; ++look) {
    CHECK(looks(look, 5) == doctest::Approx(0).epsilon(1e-4));
    CHECK(looks(look, 4) == doctest::Approx(20 * std::log10(0.5)).epsilon(1e-4));  // Hann's side bins
    CHECK(looks(look, 8) == -90);
  }
}

TEST_CASE("bands are means of bins, without the first") {
  Tensor<float> looks({2, 6});
  for (Index i = 0; i < 12; ++i) looks[i] = static_cast<float>(i * i);
  const Tensor<float> bands = frequency_bands(looks, 2);
  CHECK(bands.shape() == Shape{2, 2});
  CHECK(bands(0, 0) == doctest::Approx((1 + 4) / 2.0));
  CHECK(bands(0, 1) == doctest::Approx((9 + 16 + 25) / 3.0));
  CHECK(bands(1, 0) == doctest::Approx((49 + 64) / 2.0));
  CHECK_THROWS_AS(static_cast<void>(frequency_bands(looks, 6)), Error);
}

TEST_CASE("centred looks cover a signal evenly, which is mirrored beyond its ends") {
  const std::vector<float> signal = noise(203);
  std::vector<float> longer;
  for (Index i = 12; i > 0; --i) longer.push_back(signal[static_cast<std::size_t>(i)]);
  longer.insert(longer.end(), signal.begin(), signal.end());
  for (std::size_t i = 1; i <= 20; ++i) longer.push_back(signal[signal.size() - 1 - i]);
  const Tensor<float> centred = spectrogram(signal, {.window = 32, .hop = 8, .centred = true});
  const Tensor<float> looks = spectrogram(longer, {.window = 32, .hop = 8});
  REQUIRE(centred.shape() == Shape{25, 17});
  REQUIRE(looks.dim(0) == 26);
  for (Index i = 0; i < centred.size(); ++i) CHECK(centred[i] == looks[i]);
  // a hop longer than the window leaves out what is between
  CHECK(spectrogram(signal, {.window = 4, .hop = 50, .centred = true})(1, 0) ==
        spectrogram(std::span(signal).subspan(73), {.window = 4, .hop = 50})(0, 0));
  CHECK_THROWS_WITH_AS(static_cast<void>(spectrogram(signal, {.window = 4, .hop = 204, .centred = true})),
                       "spectrogram: the signal has 203 samples, expected at least the 204 of a hop", Error);
}

TEST_CASE("the looks of a scan become rows") {
  Tensor<float> looks({6, 2});
  for (Index i = 0; i < 12; ++i) looks[i] = static_cast<float>(i);
  const BasicImage<float> picture = scan_picture(looks, 2);
  CHECK(picture.shape() == Shape{2, 3, 2});
  CHECK(picture(0, 2, 1) == 5);
  CHECK(picture(1, 0, 0) == 6);
  CHECK_THROWS_WITH_AS(static_cast<void>(scan_picture(looks, 8)),
                       "scan picture: 6 looks for 8 rows, expected at least one for each", Error);
}

TEST_CASE("rows of a scan begin where they were made, whatever the number of looks") {
  for (const Index count : {157, 160, 161, 179, 20, 39}) {
    CAPTURE(count);
    Tensor<float> looks({count, 1});
    for (Index i = 0; i < count; ++i) looks[i] = static_cast<float>(i);
    const BasicImage<float> picture = scan_picture(looks, 20);
    REQUIRE(picture.width() == count / 20);
    for (Index y = 0; y < 20; ++y)
      for (Index x = 0; x < picture.width(); ++x) {
        const double row = static_cast<double>(count) / 20, pixel = row / static_cast<double>(picture.width());
        const double middle = static_cast<double>(y) * row + (static_cast<double>(x) + 0.5) * pixel;
        CHECK(std::abs(static_cast<double>(picture(y, x, 0)) + 0.5 - middle) <= 0.5);
      }
  }
}

TEST_CASE("a sound becomes channels of a layer, upright whatever the length of its rows") {
  for (const Index samples : {512, 500}) {
    CAPTURE(samples);
    std::vector<float> signal = noise(20 * samples);
    for (Index y = 0; y < 20; ++y)  // in the third quarter of each row, a tone in the first band
      for (Index i = y * samples + samples / 2; i < y * samples + 3 * samples / 4; ++i)
        signal[static_cast<std::size_t>(i)] +=
            static_cast<float>(20 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 32));
    const BasicImage<float> channels = sound_channels(signal, 20, 20, 80);
    CHECK(channels.shape() == Shape{20, 80, 8});
    for (Index y = 0; y < 20; ++y) {
      CAPTURE(y);
      CHECK(channels(y, 50, 0) > channels(y, 50, 4) + 2);
      // the power of the tone, by which a window is weighted, has its middle at 5/8 of the row
      double power = 0, moment = 0;
      for (Index x = 0; x < 80; ++x) {
        const double here = std::pow(10, static_cast<double>(channels(y, x, 0)) / 10);
        power += here;
        moment += here * (static_cast<double>(x) + 0.5);
      }
      CHECK(std::abs(moment / power - 50) < 5);  // half of a look is 5 pixels
    }
  }
}

TEST_CASE("signals without meaning are refused") {
  std::vector<float> signal(20);
  CHECK_THROWS_WITH_AS(static_cast<void>(spectrogram(signal, {.window = 32})),
                       "spectrogram: the signal has 20 samples, expected at least the 32 of a window", Error);
  CHECK_THROWS_AS(static_cast<void>(spectrogram(signal, {.window = 1})), Error);
  CHECK_THROWS_AS(static_cast<void>(spectrogram(signal, {.window = 4, .hop = 0})), Error);
  signal[13] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(static_cast<void>(spectrogram(signal, {.window = 8, .hop = 4})),
                       "spectrogram: sample 13 of the signal is not finite", Error);
}
