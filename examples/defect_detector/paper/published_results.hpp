#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/metrics/pooled_ap.hpp"
#include "amdefect/viz/comparison.hpp"

// What the paper published (Bassey 2025, test set), and how its figures are computed.
namespace amdefect {

/// The paper's AP: of the detections above the score threshold, as it did.
inline PooledAp paper_pooled_ap(const CocoDataset& dataset, std::span<const CocoResult> results,
                                double score_threshold) {
  std::vector<CocoResult> kept;
  std::copy_if(results.begin(), results.end(), std::back_inserter(kept),
               [&](const CocoResult& result) { return result.score > score_threshold; });
  return pooled_ap(dataset, kept);
}

/// Whether a data set has the two classes that the paper looks for.
inline bool has_classes_of_paper(const CocoDataset& dataset) {
  return std::ranges::all_of(std::array{"nozzle", "workpiece"}, [&](const char* name) {
    return std::ranges::any_of(dataset.categories,
                               [&](const auto& category) { return ascii_lower(category.name) == name; });
  });
}

/// The figures of a run: of each class that there is AP@0.5, and precision, recall, F1 and counts at the score
/// threshold. On a data set with the classes of the paper they stand beside the published ones. Those are at score >
/// 0.5, and the published AP pools the detections of all images, so ours does there, too; the standard figure stands
/// below it, without a partner.
inline Comparison paper_comparison(const CocoDataset& dataset, std::span<const CocoResult> results,
                                   const DetectionMetrics& evaluation) {
  const bool beside_paper = has_classes_of_paper(dataset);
  const std::vector<std::string> names = class_names(dataset);
  const DetectionCounts counts = evaluation.curves.all.at(evaluation.match.score_threshold);
  const auto number = [](Index count) { return static_cast<double>(count); };
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Comparison comparison{.columns = {"this run", "paper"}};
  auto& rows = comparison.rows;
  if (beside_paper) {
    const PooledAp pooled = paper_pooled_ap(dataset, results, evaluation.match.score_threshold);
    rows.push_back({"mAP@0.5, pooled",
                    {pooled.mean, 0.236},
                    false,
                    "the paper's protocol: a box may match an object of another image, so it is too high"});
    for (const auto& [name, published] : {std::pair<std::string, double>("nozzle", 0.004), {"workpiece", 0.468}})
      for (std::size_t k = 0; k < std::min(names.size(), pooled.per_class.size()); ++k)
        if (ascii_lower(names[k]) == name)
          rows.push_back({concat("AP@0.5 ", name, ", pooled"), {pooled.per_class[k].ap, published}});
  }
  rows.push_back({"mAP@0.5, COCO",
                  {evaluation.coco.stats[stat_ap50], none},
                  false,
                  beside_paper ? "the standard figure, not published" : "mean of the classes that have objects"});
  if (const auto& classes = evaluation.coco.per_category; !beside_paper)
    for (std::size_t k = 0; k < std::min(names.size(), classes.size()); ++k)
      rows.push_back({concat("AP@0.5 ", printable(names[k])), {classes[k].ap50, none}});
  rows.push_back({"precision", {counts.precision(), 0.109}});
  rows.push_back({"recall", {counts.recall(), 0.128}, false, "Table 1 of the paper prints 0.118, its F1"});
  rows.push_back({"F1", {counts.f1(), 0.118}});
  rows.push_back({"true positives", {number(counts.tp), 5}, true});
  rows.push_back({"false positives", {number(counts.fp), 41}, true});
  rows.push_back({"missed objects", {number(counts.fn), 34}, true});
  if (!beside_paper) {
    comparison.columns.pop_back();
    for (Comparison::Row& row : rows) row.values.pop_back();
  }
  return comparison;
}

/// Puts another run's figures on the same split behind ours, under the name of its folder.
/// @throws FileError if `metrics`, its metrics.json, cannot be read.
inline void add_other_run(Comparison& comparison, const std::filesystem::path& metrics) {
  const Bytes bytes = read_bytes(metrics);
  const auto json = nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false);
  constexpr std::array<std::pair<const char*, const char*>, 8> keys{{{"mAP@0.5, pooled", "/pooled_ap50/mean"},
                                                                     {"mAP@0.5, COCO", "/mAP50"},
                                                                     {"precision", "/per_image_f1/precision"},
                                                                     {"recall", "/per_image_f1/recall"},
                                                                     {"F1", "/per_image_f1/F1"},
                                                                     {"true positives", "/per_image_f1/TP"},
                                                                     {"false positives", "/per_image_f1/FP"},
                                                                     {"missed objects", "/per_image_f1/FN"}}};
  const auto read = [&](const char* key) {
    const nlohmann::json::json_pointer pointer(key);
    require<FileError>(json.is_object() && json.contains(pointer) && json[pointer].is_number(), metrics.string(),
                       ": is no metrics.json of 'amdefect eval': there is no number ", key);
    return json[pointer].get<double>();
  };
  comparison.insert_column(1, absolute_path(metrics).parent_path().filename().string(),
                           [&](const Comparison::Row& row) {
                             for (const auto& [figure, key] : keys)
                               if (row.figure == figure) return read(key);
                             return std::numeric_limits<double>::quiet_NaN();
                           });
}

/// The comparison as the table of a report.
inline ReportTable paper_table(const Comparison& comparison) {
  ReportTable table = comparison_table(comparison);
  table.caption = "This run";
  if (comparison.columns.back() != "paper") return table;
  table.caption += " beside the published one";
  table.note = "The paper's figures are of its own test set (3D Printing Pictures, 23 images).";
  return table;
}

}  // namespace amdefect
