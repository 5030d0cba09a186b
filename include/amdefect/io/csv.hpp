#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"

namespace amdefect {

/// A cell of a CSV file (RFC 4180), quoted where it has to be. It may be a name of unknown origin: it is `printable`,
/// so that it stays on its line, and an apostrophe stands before what a spreadsheet would take for a formula.
inline std::string csv_cell(std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos && !parse_number<double>(text);
  std::string plain = (formula ? "'" : "") + printable(text);
  if (plain.find_first_of(",\"") == std::string::npos) return plain;
  std::string quoted = "\"";
  for (const char c : plain) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

/// A line of a CSV file, which ends with \n alone.
inline std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i > 0 ? "," : "") + csv_cell(cells[i]);
  return line + '\n';
}

/// A CSV file.
inline std::string csv_text(const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (const std::vector<std::string>& row : rows) text += csv_line(row);
  return text;
}

}  // namespace amdefect
