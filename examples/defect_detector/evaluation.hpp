#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/viz/report_data.hpp"

namespace amdefect {

/// All protocols. The paper's pooled AP takes only the detections above the score threshold, as it did.
ReportEvaluation report_evaluation(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                   const DetectionMetrics& metrics);

/// The content of metrics.json. Overloads of nlohmann's `to_json` have another meaning, hence the name.
nlohmann::ordered_json metrics_json(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                    const ReportEvaluation& evaluation);

/// The comparison with the paper's test set, and with another run if there is one, as text.
std::string comparison_table(const ReportData& report);

/// Puts the figures of another run on the same split beside those of the report. @throws FileError if `metrics`, its
/// metrics.json, cannot be read.
void set_other_run(ReportData& report, const std::filesystem::path& metrics);

/// history.json: a list per value, null in epochs that do not have it.
std::string history_json(const std::vector<EpochLog>& history);

/// The history of the run whose folder holds these weights, for the report; empty if there is none to be read.
std::vector<EpochLog> find_history(const std::filesystem::path& weights);

/// A configuration as the report shows it.
KeyValues key_values(const nlohmann::ordered_json& json);

/// Everything the report shows of an evaluated split. `files` gives the pictures for the gallery.
ReportData make_report(const std::string& title, const CocoSplit& split, const std::vector<CocoResult>& results,
                       const ReportEvaluation& evaluation);

/// Writes the page and its plots. Compiled once, in evaluation.cpp, because the page writer is large.
void save_report(const std::filesystem::path& path, const ReportData& data);

}  // namespace amdefect
