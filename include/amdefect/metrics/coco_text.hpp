#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/coco_result.hpp"

namespace amdefect {

/// Short names of the 12 figures: AP, AP50, ..., AR@100, ..., AR_large.
inline std::array<std::string, coco_stat_count> coco_stat_names(const CocoEvalOptions& options) {
  const auto recall = [&](std::size_t i) { return concat("AR@", options.max_dets.at(i)); };
  return {"AP",      "AP50",    "AP75",    "AP_small", "AP_medium", "AP_large",
          recall(0), recall(1), recall(2), "AR_small", "AR_medium", "AR_large"};
}

/// The lines that pycocotools' `summarize` prints, to the letter.
inline std::string coco_summary_text(const CocoEvaluation& evaluation) {
  const CocoEvalOptions& options = evaluation.options;
  const auto limit = [&](std::size_t i) { return static_cast<long long>(options.max_dets.at(i)); };
  const long long first_limit = options.fix_known_bugs ? static_cast<long long>(options.max_dets.back()) : 100;
  const std::string all_thresholds =
      concat(decimal_number(options.iou_thresholds.front(), 2), ':', decimal_number(options.iou_thresholds.back(), 2));
  struct Line {
    bool precision;
    std::string thresholds;
    const char* area;
    long long max_dets;
  };
  const std::array<Line, coco_stat_count> lines{{{true, all_thresholds, "all", first_limit},
                                                 {true, "0.50", "all", limit(2)},
                                                 {true, "0.75", "all", limit(2)},
                                                 {true, all_thresholds, "small", limit(2)},
                                                 {true, all_thresholds, "medium", limit(2)},
                                                 {true, all_thresholds, "large", limit(2)},
                                                 {false, all_thresholds, "all", limit(0)},
                                                 {false, all_thresholds, "all", limit(1)},
                                                 {false, all_thresholds, "all", limit(2)},
                                                 {false, all_thresholds, "small", limit(2)},
                                                 {false, all_thresholds, "medium", limit(2)},
                                                 {false, all_thresholds, "large", limit(2)}}};
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    char buffer[160];
    std::snprintf(buffer, sizeof buffer, " %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3lld ] = %s\n",
                  line.precision ? "Average Precision" : "Average Recall", line.precision ? "(AP)" : "(AR)",
                  line.thresholds.c_str(), line.area, line.max_dets, decimal_number(evaluation.stats[i], 3).c_str());
    text += buffer;
  }
  return text;
}

}  // namespace amdefect
