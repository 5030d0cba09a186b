#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/detection_metrics.hpp"
#include "amdefect/metrics/pooled_ap.hpp"
#include "amdefect/train/callback.hpp"
#include "amdefect/viz/gallery.hpp"

namespace amdefect {

/// Names and values to be shown as a list, e.g. {"batch size", "8"}.
using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// Detections of a data set under all protocols.
struct ReportEvaluation : DetectionMetrics {
  PooledAp pooled;
};

/// @throws Error as `evaluate_coco`.
inline ReportEvaluation evaluate_for_report(const CocoDataset& dataset, std::span<const CocoResult> results,
                                            const MatchOptions& match = {}, const CocoEvalOptions& coco = {}) {
  return {measure_detections(dataset, results, match, coco), pooled_ap(dataset, results, match)};
}

/// A figure beside a published one and that of another run; NaN where there is none.
struct ComparisonRow {
  std::string metric;
  double ours = std::numeric_limits<double>::quiet_NaN(), paper = std::numeric_limits<double>::quiet_NaN();
  bool count = false;  ///< a whole number
  std::string note{};
  double other = std::numeric_limits<double>::quiet_NaN();
};

/// All that a report can show. Every part may be left empty: its section is then left out.
struct ReportData {
  std::string title = "Report";
  std::string subtitle{};  ///< a line below the title: the data set, the model, the date
  KeyValues summary{}, configuration{};
  std::vector<EpochLog> history{};
  /// By ascending category id, see `class_names`.
  std::vector<std::string> class_names{};
  std::optional<ReportEvaluation> evaluation{};
  std::vector<ComparisonRow> comparison{};
  std::string comparison_note{};  ///< a sentence above that table
  std::string other_run{};        ///< name of the run that the rows' `other` belong to; empty: there is none
  std::vector<GalleryItem> gallery{};
};

}  // namespace amdefect
