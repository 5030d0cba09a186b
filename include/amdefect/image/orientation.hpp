#pragma once

#include <algorithm>
#include <array>

#include "amdefect/boxes/box.hpp"
#include "amdefect/image/image.hpp"

namespace amdefect {

/// One of the eight ways to lay down a picture: transposed (mirrored at the main diagonal) or not, then mirrored left
/// to right (`flip_x`) and top to bottom (`flip_y`) or not. All flips and rotations by 90 degrees are among them.
struct Orientation {
  bool transpose = false, flip_x = false, flip_y = false;

  static Orientation rotated_clockwise() { return {true, true, false}; }
  static Orientation rotated_counterclockwise() { return {true, false, true}; }
  friend bool operator==(const Orientation&, const Orientation&) = default;
};

/// What an image with this EXIF "Orientation" (1 to 8) needs to be upright; nothing for other values.
inline Orientation exif_orientation(int tag) {
  constexpr std::array<Orientation, 8> needed = {{{},
                                                  {false, true, false},
                                                  {false, true, true},
                                                  {false, false, true},
                                                  {true, false, false},
                                                  {true, true, false},
                                                  {true, true, true},
                                                  {true, false, true}}};
  return tag >= 1 && tag <= 8 ? needed[static_cast<std::size_t>(tag - 1)] : Orientation{};
}

template <PixelType P>
BasicImage<P> orient(const BasicImage<P>& image, const Orientation& orientation) {
  const Index rows = orientation.transpose ? image.width() : image.height();
  const Index columns = orientation.transpose ? image.height() : image.width();
  const Index channels = image.channels();
  // Steps in the source for one step down and one to the right in the result.
  Index down = image.width() * channels, right = channels;
  if (orientation.transpose) std::swap(down, right);
  const P* origin = image.values().data();
  if (orientation.flip_y) origin += (rows - 1) * down, down = -down;
  if (orientation.flip_x) origin += (columns - 1) * right, right = -right;
  BasicImage<P> result(rows, columns, channels);
  P* out = result.values().data();
  for (Index y = 0; y < rows; ++y)
    for (Index x = 0; x < columns; ++x) out = std::copy_n(origin + y * down + x * right, channels, out);
  return result;
}

/// Where a box of an image of `height` x `width` is after `orient`.
inline Box orient(Box box, Index height, Index width, const Orientation& orientation) {
  if (orientation.transpose) {
    box = {box.y1, box.x1, box.y2, box.x2};
    std::swap(height, width);
  }
  const auto w = static_cast<double>(width), h = static_cast<double>(height);
  if (orientation.flip_x) box = {w - box.x2, box.y1, w - box.x1, box.y2};
  if (orientation.flip_y) box = {box.x1, h - box.y2, box.x2, h - box.y1};
  return box;
}

}  // namespace amdefect
