#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <vector>

#include "amdefect/image/image.hpp"

/// Changes of colour and light. They touch the first three channels of an image that has at least three (red, green and
/// blue), else the first; further channels (thermal, a second camera) stay as they are.
namespace amdefect {

template <PixelType P>
Index color_channels(const BasicImage<P>& image) {
  return image.channels() >= 3 ? 3 : std::min<Index>(image.channels(), 1);
}

/// Replaces red, green and blue by their luma (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B).
template <PixelType P>
void to_greyscale(BasicImage<P>& image) {
  if (color_channels(image) < 3) return;
  const std::span<P> values = image.values();
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(image.channels())) {
    P luma = 0;
    if constexpr (std::integral<P>)
      luma = static_cast<P>((19595u * values[i] + 38470u * values[i + 1] + 7471u * values[i + 2] + 0x8000u) >> 16);
    else
      luma = 0.299F * values[i] + 0.587F * values[i + 1] + 0.114F * values[i + 2];
    values[i] = values[i + 1] = values[i + 2] = luma;
  }
}

/// The colour with its HSV hue turned by `degrees`; value and saturation stay.
template <PixelType P>
std::array<P, 3> shift_hue(const std::array<P, 3>& rgb, double degrees) {
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
    return to_pixel<P>(value - chroma * std::clamp(distance - 1, 0.0, 1.0));
  };
  return {channel(0), channel(2), channel(4)};
}

/// Turns the hue of every pixel by `degrees`.
template <PixelType P>
void shift_hue(BasicImage<P>& image, double degrees) {
  if (color_channels(image) < 3) return;
  const std::span<P> values = image.values();
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(image.channels())) {
    const auto shifted = shift_hue(std::array<P, 3>{values[i], values[i + 1], values[i + 2]}, degrees);
    std::copy(shifted.begin(), shifted.end(), values.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// Every value v becomes (v - white / 2) contrast + white / 2 + white brightness, where white is 255 or 65535; in
/// floating point 255, and nothing is cut off.
template <PixelType P>
void adjust_light(BasicImage<P>& image, double brightness, double contrast) {
  constexpr double white = 255 * values_per_level<P>;
  const auto adjusted = [=](double v) {
    return to_pixel<P>((v - white / 2) * contrast + white / 2 + white * brightness);
  };
  std::vector<P> table;  // of all values, where they can be counted
  if constexpr (std::integral<P>)
    for (std::size_t v = 0; v <= std::numeric_limits<P>::max(); ++v) table.push_back(adjusted(static_cast<double>(v)));
  const std::span<P> values = image.values();
  const auto changed = static_cast<std::size_t>(color_channels(image));
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(image.channels()))
    for (std::size_t c = i; c < i + changed; ++c) {
      if constexpr (std::integral<P>)
        values[c] = table[values[c]];
      else
        values[c] = adjusted(static_cast<double>(values[c]));
    }
}

}  // namespace amdefect
