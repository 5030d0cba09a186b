#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/metrics/detection_metrics.hpp"
#include "amdefect/viz/report_data.hpp"
#include "paper/published_results.hpp"

namespace amdefect {

/// The content of metrics.json. Overloads of nlohmann's `to_json` have another meaning, hence the name.
nlohmann::ordered_json metrics_json(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                    const DetectionMetrics& evaluation);

/// A configuration as the report shows it.
KeyValues key_values(const nlohmann::ordered_json& json);

/// Everything the report shows of an evaluated split, the comparison with the paper included.
ReportData make_report(const std::string& title, const CocoSplit& split, const std::vector<CocoResult>& results,
                       const DetectionMetrics& evaluation, const Comparison& comparison);

/// Writes the page and its plots. Compiled once, in evaluation.cpp, because the page writer is large.
void save_report(const std::filesystem::path& path, const ReportData& data);

}  // namespace amdefect
