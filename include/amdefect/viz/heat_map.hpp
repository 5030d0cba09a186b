#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "amdefect/viz/svg_plot.hpp"

namespace amdefect {

/// A matrix as coloured cells with their numbers; `shades` in [0, 1] say how strongly each cell is coloured.
struct HeatMap {
  std::string title{};
  std::string description{};  ///< for people who cannot see it; empty: made of the titles
  std::string row_title{}, column_title{};
  std::vector<std::string> row_names{}, column_names{};
  std::vector<std::vector<double>> values{}, shades{};
};

/// The most opaque a cell becomes: dark and light text are readable on it.
inline constexpr double heat_map_opacity = 0.75;

/// The map as an SVG file; see `line_plot_svg`. Numbers are left out where the cells are too small for them.
/// @throws Error unless values and shades have a row per row name and a column per column name.
inline std::string heat_map_svg(const HeatMap& map) {
  using namespace detail;
  const std::size_t rows = map.row_names.size(), columns = map.column_names.size();
  for (const auto* table : {&map.values, &map.shades}) {
    require(table->size() == rows, "heat map '", map.title, "': ", rows, " row names, but ", table->size(), " rows");
    for (const auto& row : *table)
      require(row.size() == columns, "heat map '", map.title, "': ", columns, " column names, but a row of ",
              row.size());
  }
  const Index name_limit = 18;
  Index longest_row = 0, longest_column = 0;
  for (const std::string& name : map.row_names) longest_row = std::max(longest_row, count_characters(name));
  for (const std::string& name : map.column_names) longest_column = std::max(longest_column, count_characters(name));
  const auto text_width = [&](Index characters) {
    return plot_character_width * static_cast<double>(std::min(characters, name_limit));
  };
  const double cell = std::clamp(360 / static_cast<double>(std::max<std::size_t>(columns, 1)), 12.0, 72.0);
  const double cell_height = std::min(cell, 40.0);
  const bool upright = text_width(longest_column) > cell - 4;
  const double left = 34 + text_width(longest_row), top = 50 + (upright ? text_width(longest_column) : 12);
  const double width = std::max(left + cell * static_cast<double>(columns) + 12, 240.0);
  const double height = top + cell_height * static_cast<double>(rows) + 12;
  const double right = left + cell * static_cast<double>(columns), bottom = height - 12;

  std::string svg = open_svg(width, height, map.title,
                             map.description.empty() ? map.row_title + " by " + map.column_title : map.description);
  svg += open_ink() + svg_text(8, 18, map.title, "font-size=\"13\" font-weight=\"600\"") + "</g>\n" + open_muted();
  const double middle = (top + bottom) / 2;
  svg += svg_text((left + right) / 2, 36, map.column_title, "text-anchor=\"middle\"");
  svg += svg_text(14, middle, map.row_title,
                  concat("text-anchor=\"middle\" transform=\"rotate(-90 14 ", svg_number(middle), ")\""));
  for (std::size_t j = 0; j < columns; ++j) {
    const double x = left + cell * (static_cast<double>(j) + 0.5);
    const std::string turned = concat("transform=\"rotate(-90 ", svg_number(x + 4), ' ', svg_number(top - 6), ")\"");
    svg += svg_text(upright ? x + 4 : x, top - 6, shorten(map.column_names[j], name_limit),
                    upright ? turned : "text-anchor=\"middle\"");
  }
  for (std::size_t i = 0; i < rows; ++i)
    svg += svg_text(left - 6, top + cell_height * (static_cast<double>(i) + 0.5) + 4,
                    shorten(map.row_names[i], name_limit), "text-anchor=\"end\"");
  svg += "</g>\n" + open_group("s0", plot_palette_light[0], "fill=\"currentColor\"");
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      const double shade = is_finite(map.shades[i][j]) ? std::clamp(map.shades[i][j], 0.0, 1.0) : 0;
      svg += concat("<rect", svg_attribute("x", left + cell * static_cast<double>(j) + 0.5),
                    svg_attribute("y", top + cell_height * static_cast<double>(i) + 0.5),
                    svg_attribute("width", cell - 1), svg_attribute("height", cell_height - 1),
                    svg_attribute("fill-opacity", 0.04 + (heat_map_opacity - 0.04) * shade), "><title>",
                    escape_markup(concat(map.row_title, ' ', map.row_names[i], ", ", map.column_title, ' ',
                                         map.column_names[j], ": ", compact_number(map.values[i][j], 6))),
                    "</title></rect>");
    }
  svg +=
      "</g>\n" + open_group("ink", "#1b1f24", "fill=\"currentColor\" text-anchor=\"middle\" pointer-events=\"none\"");
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      const std::string number = compact_number(map.values[i][j]);
      if (plot_character_width * static_cast<double>(number.size()) > cell - 2) continue;
      svg += svg_text(left + cell * (static_cast<double>(j) + 0.5),
                      top + cell_height * (static_cast<double>(i) + 0.5) + 4, number);
    }
  return svg + "</g>\n</svg>\n";
}

}  // namespace amdefect
