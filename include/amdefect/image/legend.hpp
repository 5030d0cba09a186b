#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "amdefect/image/box_frame.hpp"
#include "amdefect/image/draw_text.hpp"

namespace amdefect {

/// An entry of a legend: a small frame as those in the picture, if any, and what it means.
struct LegendEntry {
  std::string text{};
  std::optional<Rgb> color{};
  Confidence confidence = Confidence::high;
};

namespace detail {

/// An entry with its upper left corner in the legend, and its text shortened to the legend's width.
struct PlacedEntry {
  LegendEntry entry;
  Index left = 0, top = 0;
};

/// Entries side by side, as many in a line as fit.
struct LegendLayout {
  std::vector<PlacedEntry> entries{};
  Index height = 0;
};

inline Index legend_swatch(Index scale) { return 12 * scale; }  // its width, and the distance of the text behind it

inline LegendLayout lay_out_legend(const std::vector<LegendEntry>& entries, Index width, Index scale) {
  const Index margin = 4 * scale, distance = 10 * scale, line = text_height(scale) + 4 * scale;
  LegendLayout layout;
  Index left = margin, top = margin / 2;
  for (LegendEntry entry : entries) {
    const Index swatch = entry.color ? legend_swatch(scale) : 0;
    entry.text = fit_text(entry.text, width - 2 * margin - swatch, scale);
    const Index entry_width = swatch + text_width(entry.text, scale);
    if (left > margin && left + entry_width + margin > width) left = margin, top += line;
    layout.entries.push_back({entry, left, top});
    left += entry_width + distance;
  }
  layout.height = entries.empty() ? 0 : top + line + margin / 2;
  return layout;
}

}  // namespace detail

/// The height of a legend of this width.
inline Index legend_height(const std::vector<LegendEntry>& entries, Index width, Index scale = 1) {
  return detail::lay_out_legend(entries, width, scale).height;
}

/// Writes a legend over the whole width of an RGB image, from the row `top` on.
inline void draw_legend(Image& image, Index top, const std::vector<LegendEntry>& entries, Index scale = 1) {
  const detail::LegendLayout layout = detail::lay_out_legend(entries, image.width(), scale);
  const FrameWidth width{scale, 0};
  fill_rectangle(image, {0, top, image.width(), top + layout.height}, drawing_dark);
  for (const auto& [entry, left, down] : layout.entries) {
    const Index y = top + down + 2 * scale, side = 9 * scale;
    if (entry.color) draw_frame_line(image, {left, y, left + side, y + side}, width, entry.confidence, *entry.color);
    draw_text(image, left + (entry.color ? detail::legend_swatch(scale) : 0), y, entry.text, drawing_light, scale);
  }
}

}  // namespace amdefect
