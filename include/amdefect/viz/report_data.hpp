#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/detection_metrics.hpp"
#include "amdefect/train/callback.hpp"
#include "amdefect/viz/gallery.hpp"

namespace amdefect {

/// Names and values to be shown as a list, e.g. {"batch size", "8"}.
using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// A configuration in JSON as such a list.
inline KeyValues key_values(const nlohmann::ordered_json& json) {
  KeyValues list;
  for (const auto& [key, value] : json.items())
    list.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  return list;
}

/// The cells of a table by rows, the first of which is its heading.
using TableRows = std::vector<std::vector<std::string>>;

/// A table of the caller's own. The page shows it and links to `NAME.csv`, which has all digits.
struct ReportTable {
  std::string name;                  ///< of the .csv file
  TableRows rows{};                  ///< as shown
  TableRows exact{};                 ///< as written to the file; empty: as shown
  std::string caption{};             ///< above the columns
  std::string note{};                ///< a sentence before the table
  std::size_t text_from = SIZE_MAX;  ///< columns from this one on hold sentences, not numbers
};

/// A section of the caller's own.
struct ReportSection {
  std::string id;  ///< of the link to it: letters, digits and `-`
  std::string title, note{};
  std::vector<ReportTable> tables{};
};

/// All that a report can show. Every part may be left empty: its section is then left out.
struct ReportData {
  std::string title = "Report";
  std::string subtitle{};  ///< a line below the title: the data set, the model, the date
  KeyValues summary{}, configuration{};
  std::vector<EpochLog> history{};
  /// By ascending category id, see `class_names`.
  std::vector<std::string> class_names{};
  std::optional<DetectionMetrics> evaluation{};
  std::vector<ReportTable> tables{};      ///< in front of the figures of the evaluation, e.g. `comparison_table`
  std::vector<ReportSection> sections{};  ///< behind those that every report has, before the images
  std::vector<GalleryItem> gallery{};
};

}  // namespace amdefect
