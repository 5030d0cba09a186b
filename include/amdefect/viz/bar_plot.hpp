#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/viz/svg_plot.hpp"

namespace amdefect {

/// Values that are not negative, as bars from left to right below each other, each between its name and its number.
struct BarPlot {
  std::string title{};
  std::string description{};  ///< for people who cannot see it; empty: made of the title
  std::vector<std::pair<std::string, double>> bars{};
};

/// The plot as an SVG file; see `line_plot_svg`. A value that is negative or not finite has no bar.
inline std::string bar_plot_svg(const BarPlot& plot) {
  using namespace detail;
  constexpr double width = 440, top = 32, row = 18;
  constexpr Index name_limit = 22;
  Index longest_name = 0;
  std::size_t longest_number = 0;
  double highest = 0;
  for (const auto& [name, value] : plot.bars) {
    longest_name = std::max(longest_name, std::min(count_characters(name), name_limit));
    longest_number = std::max(longest_number, compact_number(value).size());
    if (is_finite(value)) highest = std::max(highest, value);
  }
  const double left = 18 + plot_character_width * static_cast<double>(longest_name);
  const double room = width - left - 18 - plot_character_width * static_cast<double>(longest_number);
  const auto length = [&](double value) { return is_finite(value) && value > 0 ? room * (value / highest) : 0; };

  const double height = top + row * static_cast<double>(std::max<std::size_t>(plot.bars.size(), 1)) + 10;
  std::string svg =
      open_svg(width, height, plot.title, plot.description.empty() ? "Bars: " + plot.title : plot.description);
  svg += open_ink() + svg_text(8, 18, plot.title, "font-size=\"13\" font-weight=\"600\"") + "</g>\n";
  std::string names = open_muted(), numbers = open_ink();
  std::string bars = open_group("s0", plot_palette_light[0], "fill=\"currentColor\"");
  for (std::size_t i = 0; i < plot.bars.size(); ++i) {
    const auto& [name, value] = plot.bars[i];
    const double y = top + row * static_cast<double>(i), base = y + row / 2 + 4;
    names += svg_text(left - 6, base, shorten(name, name_limit), "text-anchor=\"end\"");
    numbers += svg_text(left + length(value) + 6, base, compact_number(value));
    if (length(value) > 0)
      bars += concat("<rect", svg_attribute("x", left), svg_attribute("y", y + 2),
                     svg_attribute("width", std::max(length(value), 0.5)), svg_attribute("height", row - 4), "><title>",
                     escape_markup(concat(name, ": ", compact_number(value))), "</title></rect>");
  }
  if (plot.bars.empty()) names += svg_text(left, top + row / 2 + 4, "no data");
  return svg + names + "</g>\n" + bars + "</g>\n" + numbers + "</g>\n</svg>\n";
}

}  // namespace amdefect
