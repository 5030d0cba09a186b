#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "amdefect/image/image.hpp"

/// Changes of colour and light. They touch the first three channels of an image that has at least three (red, green and
/// blue), else the first; further channels (thermal, a second camera) stay as they are.
namespace amdefect {

inline Index color_channels(const Image& image) {
  return image.channels() >= 3 ? 3 : std::min<Index>(image.channels(), 1);
}

/// Replaces red, green and blue by their luma (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B).
inline void to_greyscale(Image& image) {
  if (color_channels(image) < 3) return;
  const std::span<std::uint8_t> bytes = image.bytes();
  for (std::size_t i = 0; i < bytes.size(); i += static_cast<std::size_t>(image.channels())) {
    const int luma = (19595 * bytes[i] + 38470 * bytes[i + 1] + 7471 * bytes[i + 2] + 0x8000) >> 16;
    bytes[i] = bytes[i + 1] = bytes[i + 2] = static_cast<std::uint8_t>(luma);
  }
}

/// The colour with its HSV hue turned by `degrees`; value and saturation stay.
inline std::array<std::uint8_t, 3> shift_hue(const std::array<std::uint8_t, 3>& rgb, double degrees) {
  const double r = rgb[0], g = rgb[1], b = rgb[2];
  const double value = std::max({r, g, b}), chroma = value - std::min({r, g, b});
  if (chroma == 0) return rgb;
  // Hue in sixths of the circle: red 0, green 2, blue 4.
  double hue = value == r ? (g - b) / chroma : value == g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  hue += degrees / 60;
  hue -= 6 * std::floor(hue / 6);
  // A channel is full up to one sixth from its own hue and falls to nothing over the next.
  const auto channel = [&](double own) {
    const double distance = std::min(std::abs(hue - own), 6 - std::abs(hue - own));
    return to_byte(value - chroma * std::clamp(distance - 1, 0.0, 1.0));
  };
  return {channel(0), channel(2), channel(4)};
}

/// Turns the hue of every pixel by `degrees`.
inline void shift_hue(Image& image, double degrees) {
  if (color_channels(image) < 3) return;
  const std::span<std::uint8_t> bytes = image.bytes();
  for (std::size_t i = 0; i < bytes.size(); i += static_cast<std::size_t>(image.channels())) {
    const auto shifted = shift_hue({bytes[i], bytes[i + 1], bytes[i + 2]}, degrees);
    std::copy(shifted.begin(), shifted.end(), bytes.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// Every value v becomes (v - 127.5) contrast + 127.5 + 255 brightness.
inline void adjust_light(Image& image, double brightness, double contrast) {
  std::array<std::uint8_t, 256> table;
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = to_byte((static_cast<double>(v) - 127.5) * contrast + 127.5 + 255 * brightness);
  const std::span<std::uint8_t> bytes = image.bytes();
  const auto changed = static_cast<std::size_t>(color_channels(image));
  for (std::size_t i = 0; i < bytes.size(); i += static_cast<std::size_t>(image.channels()))
    for (std::size_t c = i; c < i + changed; ++c) bytes[c] = table[bytes[c]];
}

}  // namespace amdefect
