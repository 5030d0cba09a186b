#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/printable.hpp"
#include "amdefect/nn/load_options.hpp"

namespace amdefect {

namespace detail {

/// The part of a network that a tensor belongs to: its name up to the first number ("backbone.layer1", "score4",
/// "features.3"), or without one the layer's up to an underscore ("stem", "fc").
inline std::string_view part_of(std::string_view tensor) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string_view layer = tensor.substr(0, tensor.rfind('.'));
  const auto begin = std::find_if(layer.begin(), layer.end(), is_digit);
  if (begin == layer.end()) return layer.substr(0, layer.find('_'));
  return layer.substr(0, static_cast<std::size_t>(std::find_if_not(begin, layer.end(), is_digit) - layer.begin()));
}

/// What became of the tensors of a part.
struct PartLoad {
  std::string name{}, why_left{};
  std::size_t taken = 0, adapted = 0, left = 0, missing = 0;

  std::string to_text() const {
    std::string text;
    const auto add = [&](std::size_t count, const std::string& what) {
      if (count > 0) text += concat(text.empty() ? "" : ", ", count, what);
    };
    add(taken, " taken");
    add(adapted, " of them adapted to the channels");
    add(left, concat(" left: ", why_left));
    add(missing, " not in the file, begin anew");
    return text;
  }
};

/// In the order in which they are first heard of.
inline std::vector<PartLoad> part_loads(const LoadReport& report) {
  std::vector<PartLoad> parts;
  const auto part = [&](std::string_view tensor) -> PartLoad& {
    const std::string_view name = part_of(tensor);
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const PartLoad& p) { return p.name == name; });
    return found == parts.end() ? parts.emplace_back(PartLoad{.name = std::string(name)}) : *found;
  };
  for (const std::string& parameter : report.taken) ++part(parameter).taken;
  for (const std::string& parameter : report.adapted) ++part(parameter).adapted;
  for (const LoadReport::Left& left : report.left) {
    PartLoad& of = part(left.parameter.empty() ? left.tensor : left.parameter);
    if (of.left++ == 0) of.why_left = left.parameter.empty() ? "no such layer here" : left.reason;
  }
  for (const std::string& parameter : report.missing) ++part(parameter).missing;
  return parts;
}

}  // namespace detail

/// What `load_weights` took, adapted and left, a line for each part of the network; parts whose names differ in their
/// last number only, and that fared alike, share one:
///
///       stem                   5 taken
///       score4, 8, 16, 32      5 taken, 2 left: has shape [1x1x32x2], expected [1x1x32x6]
///       fc                     2 left: no such layer here
inline std::string load_table(const LoadReport& report) {
  struct Row {
    std::string parts, stem, text;
  };
  std::vector<Row> rows;
  for (const detail::PartLoad& part : detail::part_loads(report)) {
    const std::size_t digits = part.name.find_last_not_of("0123456789") + 1;
    const std::string stem = part.name.substr(0, digits), text = part.to_text();
    const auto alike =
        std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.stem == stem && row.text == text; });
    if (alike == rows.end())
      rows.push_back({part.name, stem, text});
    else
      alike->parts += concat(", ", part.name.substr(digits));
  }
  std::size_t width = 20;
  for (const Row& row : rows) width = std::max(width, printable(row.parts).size());
  std::string table;
  for (const Row& row : rows) {
    const std::string parts = printable(row.parts);
    table += concat(table.empty() ? "" : "\n", "  ", parts, std::string(width + 2 - parts.size(), ' '), row.text);
    if (row.parts.find(',') != std::string::npos) table += " (each)";
  }
  return table;
}

}  // namespace amdefect
