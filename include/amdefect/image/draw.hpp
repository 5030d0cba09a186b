#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "amdefect/boxes/box.hpp"
#include "amdefect/image/image.hpp"

namespace amdefect {

using Rgb = std::array<std::uint8_t, 3>;

/// The pixels [x1, x2) x [y1, y2).
using PixelBox = BasicBox<Index>;

/// A colour for class `index` that people with any colour vision can tell from its neighbours (Okabe and Ito 2008).
inline Rgb class_color(Index index) {
  constexpr std::array<Rgb, 7> palette = {
      {{230, 159, 0}, {86, 180, 233}, {0, 158, 115}, {240, 228, 66}, {0, 114, 178}, {213, 94, 0}, {204, 121, 167}}};
  return palette[static_cast<std::size_t>(index) % palette.size()];
}

/// What is drawn in no class's colour: casings, plates and text.
inline constexpr Rgb drawing_dark{16, 16, 16}, drawing_light{240, 240, 240};

/// Dark or light: what is easier to read on this colour.
inline Rgb contrast_to(const Rgb& color) {
  const double luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
  return luma > 110 ? drawing_dark : drawing_light;
}

/// The colour mixed with white, to be read on a dark ground.
inline Rgb lighter(Rgb color) {
  for (std::uint8_t& channel : color) channel = static_cast<std::uint8_t>((2 * channel + 255) / 3);
  return color;
}

/// The first three channels of an image; a grey one's only channel three times. @throws ShapeError without channels
inline Image to_rgb(const Image& image) {
  require<ShapeError>(image.channels() > 0, "to rgb: the image has no channels");
  Image result(image.height(), image.width(), 3);
  const Index channels = image.channels(), step = channels >= 3 ? 1 : 0;
  const std::uint8_t* from = image.bytes().data();
  std::uint8_t* const end = result.bytes().data() + result.bytes().size();
  for (std::uint8_t* to = result.bytes().data(); to != end; to += 3, from += channels)
    for (Index c = 0; c < 3; ++c) to[c] = from[c * step];
  return result;
}

/// Every pixel as a square of `factor` x `factor` equal ones. @throws ShapeError unless the factor is positive
inline Image enlarge(const Image& image, Index factor) {
  require<ShapeError>(factor > 0, "enlarge: expected a positive factor, got ", factor);
  const Index channels = image.channels();
  Image result(image.height() * factor, image.width() * factor, channels);
  for (Index y = 0; y < result.height(); ++y)
    for (Index x = 0; x < result.width(); ++x)
      std::copy_n(image.pixel(y / factor, x / factor), channels, result.pixel(y, x));
  return result;
}

/// Fills the pixels of `area`, as far as they are in the image. @throws ShapeError unless the image has 3 channels
inline void fill_rectangle(Image& image, const PixelBox& area, const Rgb& color) {
  require<ShapeError>(image.channels() == 3, "draw: expected an RGB image, got one of shape ", image.shape());
  const PixelBox inside = intersection(area, {0, 0, image.width(), image.height()});
  for (Index y = inside.y1; y < inside.y2; ++y)
    for (Index x = inside.x1; x < inside.x2; ++x) std::copy(color.begin(), color.end(), image.pixel(y, x));
}

}  // namespace amdefect
