#pragma once

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wchar-subscripts"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#include <stb_easy_font.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/image/image.hpp"

namespace amdefect {

using Rgb = std::array<std::uint8_t, 3>;

/// A colour for class `index` that people with any colour vision can tell from its neighbours (Okabe and Ito 2008).
inline Rgb class_color(Index index) {
  constexpr std::array<Rgb, 7> palette = {
      {{230, 159, 0}, {86, 180, 233}, {0, 158, 115}, {240, 228, 66}, {0, 114, 178}, {213, 94, 0}, {204, 121, 167}}};
  return palette[static_cast<std::size_t>(index) % palette.size()];
}

/// The first three channels of an image; a grey one's only channel three times.
inline Image to_rgb(const Image& image) {
  require<ShapeError>(image.channels() > 0, "to rgb: the image has no channels");
  Image result(image.height(), image.width(), 3);
  const Index step = image.channels() >= 3 ? 1 : 0;
  for (Index y = 0; y < image.height(); ++y)
    for (Index x = 0; x < image.width(); ++x)
      for (Index c = 0; c < 3; ++c) result(y, x, c) = image(y, x, c * step);
  return result;
}

/// Fills the pixels [left, right) x [top, bottom), as far as they are in the image, mixed with what is there by
/// `opacity`.
inline void fill_rectangle(Image& image, Index left, Index top, Index right, Index bottom, const Rgb& color,
                           double opacity = 1) {
  require<ShapeError>(image.channels() == 3, "draw: expected an RGB image, got one of shape ", image.shape());
  for (Index y = std::max<Index>(top, 0); y < std::min(bottom, image.height()); ++y)
    for (Index x = std::max<Index>(left, 0); x < std::min(right, image.width()); ++x)
      for (Index c = 0; c < 3; ++c)
        image(y, x, c) = to_byte(opacity * color[static_cast<std::size_t>(c)] + (1 - opacity) * image(y, x, c));
}

namespace detail {

inline void outline(Image& image, Index left, Index top, Index right, Index bottom, Index thickness, const Rgb& color) {
  fill_rectangle(image, left - thickness, top - thickness, right + thickness, top, color);
  fill_rectangle(image, left - thickness, bottom, right + thickness, bottom + thickness, color);
  fill_rectangle(image, left - thickness, top, left, bottom, color);
  fill_rectangle(image, right, top, right + thickness, bottom, color);
}

/// The font has printable ASCII; every other character (a UTF-8 sequence) becomes one question mark.
inline std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c >= ' ' && c <= '~')
      result += c;
    else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80)
      result += '?';
  }
  return result;
}

inline constexpr Index font_height = 10;  // of a capital with its descender and a row above

}  // namespace detail

/// Width in pixels of a line of text.
inline Index text_width(const std::string& text, Index scale = 1) {
  std::string printable = detail::printable(text);
  return stb_easy_font_width(printable.data()) * scale;
}
inline Index text_height(Index scale = 1) { return detail::font_height * scale; }

/// Writes a line of text with its upper left corner at (left, top).
inline void draw_text(Image& image, Index left, Index top, const std::string& text, const Rgb& color, Index scale = 1) {
  struct Corner {
    float x, y, z;
    std::uint32_t color;
  };
  std::string printable = detail::printable(text);
  // The font's quads: at most about 300 bytes a character on average, 16 quads of 64 bytes at worst.
  std::vector<Corner> corners(64 * printable.size() + 4);
  const int quads = stb_easy_font_print(0, 1, printable.data(), nullptr, corners.data(),
                                        static_cast<int>(corners.size() * sizeof(Corner)));
  for (std::size_t i = 0; i < static_cast<std::size_t>(quads); ++i) {
    const Corner &first = corners[4 * i], &last = corners[4 * i + 2];
    fill_rectangle(image, left + scale * static_cast<Index>(first.x), top + scale * static_cast<Index>(first.y),
                   left + scale * static_cast<Index>(last.x), top + scale * static_cast<Index>(last.y), color);
  }
}

/// A box to be drawn, and what to write on it; empty: nothing.
struct DrawnBox {
  Box box;
  std::string text;
  Rgb color{};
};

/// Draws boxes onto an RGB image: a coloured frame around each box with a dark line around it, so that it shows on any
/// ground and hides none of what is inside; its text on a plate of the same colour above it, or below where there is no
/// room. Frame and text grow with the image. @throws ShapeError unless the image has 3 channels.
inline void draw_boxes(Image& image, std::span<const DrawnBox> boxes) {
  const Index shorter = std::min(image.height(), image.width());
  const Index thickness = std::max<Index>(1, (shorter + 200) / 400), scale = std::max<Index>(1, (shorter + 300) / 700);
  const Rgb dark{16, 16, 16}, light{255, 255, 255};
  const auto pixel = [](double edge, Index size) {  // far outside is all the same
    return static_cast<Index>(std::llround(std::clamp(edge, -10.0, static_cast<double>(size) + 10)));
  };
  for (const DrawnBox& drawn : boxes) {
    const Index left = pixel(drawn.box.x1, image.width()), right = pixel(drawn.box.x2, image.width());
    const Index top = pixel(drawn.box.y1, image.height()), bottom = pixel(drawn.box.y2, image.height());
    detail::outline(image, left - thickness, top - thickness, right + thickness, bottom + thickness, 1, dark);
    detail::outline(image, left, top, right, bottom, thickness, drawn.color);
  }
  // The plates come last, so that no frame crosses a text.
  for (const DrawnBox& drawn : boxes) {
    if (drawn.text.empty()) continue;
    const Index width = text_width(drawn.text, scale) + 4 * scale, height = text_height(scale) + 2 * scale;
    const Index border = thickness + 1;
    const Index left =
        std::clamp<Index>(pixel(drawn.box.x1, image.width()) - border, 0, std::max<Index>(0, image.width() - width));
    Index top = pixel(drawn.box.y1, image.height()) - border - height;
    if (top < 0) top = pixel(drawn.box.y2, image.height()) + border;
    top = std::clamp<Index>(top, 0, std::max<Index>(0, image.height() - height));
    fill_rectangle(image, left, top, left + width, top + height, drawn.color);
    const double luma = 0.299 * drawn.color[0] + 0.587 * drawn.color[1] + 0.114 * drawn.color[2];
    draw_text(image, left + 2 * scale, top + scale, drawn.text, luma > 110 ? dark : light, scale);
  }
}

}  // namespace amdefect
