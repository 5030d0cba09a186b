#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "amdefect/viz/report_data.hpp"
#include "amdefect/viz/report_tables.hpp"

namespace amdefect {

/// Figures of several runs, or of a run and a publication, side by side.
struct Comparison {
  struct Row {
    std::string figure;
    std::vector<double> values;  ///< one per column; NaN or below 0: there is none
    bool count = false;          ///< whole numbers, else figures in [0, 1]
    std::string note{};
  };
  std::vector<std::string> columns;
  std::vector<Row> rows{};

  /// Puts a column before the one at `position`; `value` gives its figure of each row, or NaN.
  void insert_column(std::size_t position, const std::string& name, const std::function<double(const Row&)>& value) {
    const auto at = static_cast<std::ptrdiff_t>(position);
    columns.insert(columns.begin() + at, name);
    for (Row& row : rows) row.values.insert(row.values.begin() + at, value(row));
  }
};

/// The comparison as a table of a report, notes in its last column.
inline ReportTable comparison_table(const Comparison& comparison, const std::string& name = "comparison") {
  const auto rows = [&](const auto& text) {
    TableRows cells{{"figure"}};
    cells[0].insert(cells[0].end(), comparison.columns.begin(), comparison.columns.end());
    cells[0].push_back("note");
    for (const Comparison::Row& row : comparison.rows) {
      cells.push_back({row.figure});
      for (const double value : row.values) cells.back().push_back(text(row, value));
      cells.back().push_back(row.note);
    }
    return cells;
  };
  return {.name = name,
          .rows = rows([](const Comparison::Row& row, double value) {
            return row.count ? compact_number(value) : detail::ratio_text(value);
          }),
          .exact = rows([](const Comparison::Row&, double value) { return exact_number(value); }),
          .text_from = comparison.columns.size() + 1};
}

/// The comparison as lines for a terminal, without notes.
inline std::string to_text(const Comparison& comparison) {
  const auto column = [&](std::size_t i) { return std::max<std::size_t>(9, comparison.columns[i].size() + 2); };
  const auto padded = [](const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
  };
  const auto figure = [](const std::string& text) {
    return text + std::string(28 - std::min<std::size_t>(28, text.size()), ' ');
  };
  std::string lines = figure("figure");
  for (std::size_t i = 0; i < comparison.columns.size(); ++i) lines += padded(comparison.columns[i], column(i));
  for (const Comparison::Row& row : comparison.rows) {
    lines += '\n' + figure(row.figure);
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      const double value = row.values[i];
      const bool defined = detail::is_finite(value) && value >= 0;
      lines += padded(defined ? fixed_number(value, row.count ? 0 : 3) : "-", column(i));
    }
  }
  return lines + '\n';
}

}  // namespace amdefect
