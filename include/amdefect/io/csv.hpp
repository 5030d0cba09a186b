#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace amdefect {

/// A line of a CSV file (RFC 4180, but it ends with \n alone): cells with commas, quotes or line breaks are quoted.
inline std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    if (cells[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += cells[i];
      continue;
    }
    line += '"';
    for (const char c : cells[i]) line += c == '"' ? std::string("\"\"") : std::string(1, c);
    line += '"';
  }
  return line + '\n';
}

/// A CSV file.
inline std::string csv_text(const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (const std::vector<std::string>& row : rows) text += csv_line(row);
  return text;
}

}  // namespace amdefect
