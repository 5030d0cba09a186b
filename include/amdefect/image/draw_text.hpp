#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "amdefect/image/draw.hpp"
#include "amdefect/image/stb_font.hpp"

namespace amdefect {

namespace detail {

/// The font has printable ASCII; every other character (a UTF-8 sequence) becomes one question mark.
inline std::string drawable(const std::string& text) {
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
  std::string drawn = detail::drawable(text);
  return detail::stb::stb_easy_font_width(drawn.data()) * scale;
}
inline Index text_height(Index scale = 1) { return detail::font_height * scale; }

/// The text as the font has it, with its end replaced by ".." where it is wider than `width` pixels.
inline std::string fit_text(const std::string& text, Index width, Index scale = 1) {
  // No character is narrower than a pixel; a name out of a file may be very long.
  std::string start = detail::drawable(text).substr(0, static_cast<std::size_t>(std::max<Index>(width, 0)) + 1);
  if (text_width(start, scale) <= width) return start;
  while (!start.empty() && text_width(start + "..", scale) > width) start.pop_back();
  return start + "..";
}

/// Writes a line of text with its upper left corner at (left, top).
inline void draw_text(Image& image, Index left, Index top, const std::string& text, const Rgb& color, Index scale = 1) {
  struct Corner {
    float x, y, z;
    std::uint32_t color;
  };
  std::string drawn = detail::drawable(text);
  // The font's quads: at most about 300 bytes a character on average, 16 quads of 64 bytes at worst.
  std::vector<Corner> corners(64 * drawn.size() + 4);
  const int quads = detail::stb::stb_easy_font_print(0, 1, drawn.data(), nullptr, corners.data(),
                                                     static_cast<int>(corners.size() * sizeof(Corner)));
  for (std::size_t i = 0; i < static_cast<std::size_t>(quads); ++i) {
    const Corner &first = corners[4 * i], &last = corners[4 * i + 2];
    fill_rectangle(image,
                   {left + scale * static_cast<Index>(first.x), top + scale * static_cast<Index>(first.y),
                    left + scale * static_cast<Index>(last.x), top + scale * static_cast<Index>(last.y)},
                   color);
  }
}

}  // namespace amdefect
