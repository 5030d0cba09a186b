#pragma once

#include <algorithm>
#include <cstdint>

#include "amdefect/boxes/box.hpp"
#include "amdefect/image/resize.hpp"

namespace amdefect {

/// How pictures of any size get the size a network takes.
enum class FitMode {
  within,  ///< keeps the aspect ratio; the rest is filled (a letterbox)
  stretch  ///< scales width and height independently
};

/// A picture placed inside of a canvas: width x height becomes content_width x content_height at (left, top).
///
/// `within` puts the picture in the middle (half a pixel of an odd rest goes to the right and the bottom) and fills
/// with zeros, as TensorFlow's `resize_with_pad`; small pictures grow.
struct Letterbox {
  Index width = 1, height = 1;
  Index content_width = 1, content_height = 1;
  Index left = 0, top = 0;
  Index canvas_width = 1, canvas_height = 1;

  /// Box in the picture to box in the canvas. The scale is that of the pixels: content_width / width.
  Box map(const Box& box) const {
    return {forth(box.x1, width, content_width, left), forth(box.y1, height, content_height, top),
            forth(box.x2, width, content_width, left), forth(box.y2, height, content_height, top)};
  }
  /// Box in the canvas to box in the picture.
  Box unmap(const Box& box) const {
    return {back(box.x1, width, content_width, left), back(box.y1, height, content_height, top),
            back(box.x2, width, content_width, left), back(box.y2, height, content_height, top)};
  }
  friend bool operator==(const Letterbox&, const Letterbox&) = default;

 private:
  static double forth(double v, Index from, Index to, Index offset) {
    return v * static_cast<double>(to) / static_cast<double>(from) + static_cast<double>(offset);
  }
  static double back(double v, Index from, Index to, Index offset) {
    return (v - static_cast<double>(offset)) * static_cast<double>(from) / static_cast<double>(to);
  }
};

/// Where a picture of `height` x `width` goes in a canvas. @throws ShapeError for sizes that are not positive.
inline Letterbox fit_letterbox(Index height, Index width, Index canvas_height, Index canvas_width,
                               FitMode mode = FitMode::within) {
  require<ShapeError>(height > 0 && width > 0 && canvas_height > 0 && canvas_width > 0, "letterbox: cannot place ",
                      height, 'x', width, " pixels in ", canvas_height, 'x', canvas_width);
  Letterbox box{.width = width,
                .height = height,
                .content_width = canvas_width,
                .content_height = canvas_height,
                .canvas_width = canvas_width,
                .canvas_height = canvas_height};
  if (mode == FitMode::stretch) return box;
  // The side that fills its canvas stays exact; the other is rounded to whole pixels.
  const auto scaled = [](Index side, Index canvas, Index other) {
    return std::max<Index>((2 * side * canvas + other) / (2 * other), 1);
  };
  if (width * canvas_height > height * canvas_width)
    box.content_height = scaled(height, canvas_width, width);
  else
    box.content_width = scaled(width, canvas_height, height);
  box.left = (canvas_width - box.content_width) / 2;
  box.top = (canvas_height - box.content_height) / 2;
  return box;
}

/// Resizes `image` to its place in the canvas; around it all channels have the value `fill`.
/// @throws ShapeError if the letterbox was made for another size.
inline Image letterbox_image(const Image& image, const Letterbox& letterbox, std::uint8_t fill = 0) {
  require<ShapeError>(image.width() == letterbox.width && image.height() == letterbox.height, "letterbox: made for ",
                      letterbox.height, 'x', letterbox.width, " pixels, got an image of shape ", image.shape());
  Image content = resize(image, letterbox.content_height, letterbox.content_width);
  if (letterbox.content_height == letterbox.canvas_height && letterbox.content_width == letterbox.canvas_width)
    return content;
  Image canvas(letterbox.canvas_height, letterbox.canvas_width, image.channels(), fill);
  paste(content, canvas, letterbox.top, letterbox.left);
  return canvas;
}

}  // namespace amdefect
