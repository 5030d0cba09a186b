#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/detection/detector.hpp"
#include "paper/published_results.hpp"

namespace amdefect {

/// Lowest score of a detection that takes part in the ranking for AP.
inline constexpr double default_min_score = 0.01;

/// Runs the detector over the images of a split; results are comparable with its annotations. `progress(done, total)`
/// is called after each image.
std::vector<CocoResult> detect_split(const Detector& detector, const CocoSplit& split, const SampleSource& source,
                                     const DetectOptions& options,
                                     const std::function<void(Index, Index)>& progress = {});

/// AP at one IoU over all sizes, with at most 300 detections per image; 0 without ground truths.
double average_precision(const CocoDataset& dataset, const std::vector<CocoResult>& results, double iou);

/// All that a report shows of detections. AP ranks all of them, the other figures take those above the threshold.
ReportEvaluation evaluate_detections(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                     double score_threshold, const std::vector<Index>& max_dets);

/// The content of metrics.json. Overloads of nlohmann's `to_json` have another meaning, hence the name.
nlohmann::ordered_json metrics_json(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                    const ReportEvaluation& evaluation);

/// A configuration as the report shows it.
KeyValues key_values(const nlohmann::ordered_json& json);

/// Everything the report shows of an evaluated split, the comparison with the paper included.
ReportData make_report(const std::string& title, const CocoSplit& split, const std::vector<CocoResult>& results,
                       const ReportEvaluation& evaluation, const Comparison& comparison);

/// Writes the page and its plots. Compiled once, in evaluation.cpp, because the page writer is large.
void save_report(const std::filesystem::path& path, const ReportData& data);

}  // namespace amdefect
