#pragma once

#include <span>
#include <string>

#include "amdefect/metrics/image_groups.hpp"
#include "amdefect/viz/report_tables.hpp"

namespace amdefect {

/// The figures of groups of images as a table of a report.
inline ReportTable group_table(std::span<const GroupMetrics> groups, const std::string& name = "groups") {
  const auto rows = [&](const auto& number) {
    TableRows cells{{"images", "number", "objects", "AP50", "AP25", "best F1", "F1"}};
    for (const GroupMetrics& group : groups)
      cells.push_back({group.name, concat(group.images), concat(group.truths), number(group.ap50), number(group.ap25),
                       number(group.best_f1.counts.f1()), number(group.f1)});
    return cells;
  };
  return {.name = name,
          .rows = rows([](double value) { return detail::ratio_text(value); }),
          .exact = rows([](double value) { return exact_number(value); }),
          .caption = "Groups of images"};
}

}  // namespace amdefect
