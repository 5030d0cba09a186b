#include "evaluation.hpp"

#include <cmath>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "amdefect/coco/coco_eval_json.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/viz/gallery.hpp"
#include "amdefect/viz/report.hpp"

namespace amdefect {

ReportEvaluation report_evaluation(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                   const DetectionMetrics& metrics) {
  std::vector<CocoResult> kept;
  std::copy_if(results.begin(), results.end(), std::back_inserter(kept),
               [&](const CocoResult& result) { return result.score > metrics.match.score_threshold; });
  return {metrics, pooled_ap(dataset, kept)};
}

nlohmann::ordered_json metrics_json(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                    const ReportEvaluation& evaluation) {
  const ScorePoint best = evaluation.curves.all.best_f1();
  return {{"mAP50", evaluation.coco.stats[stat_ap50]},
          {"mAP50_max_dets_300", evaluation.ap50},
          {"mAP25_max_dets_300", evaluation.ap25},
          {"score_threshold", evaluation.match.score_threshold},
          {"best_f1", {{"threshold", best.threshold}, {"f1", best.counts.f1()}}},
          {"coco", to_json(evaluation.coco)},
          {"per_image_f1", to_json(per_image_f1(dataset, results, evaluation.match))},
          {"confusion", to_json(evaluation.confusion)},
          {"pooled_ap50", to_json(evaluation.pooled)}};
}

std::string comparison_table(const ReportData& report) {
  std::ostringstream out;
  const auto cell = [](double value, bool count) {
    std::ostringstream text;
    if (!std::isnan(value) && value >= 0) text << std::fixed << std::setprecision(count ? 0 : 3) << value;
    return text.str().empty() ? std::string("-") : text.str();
  };
  const auto width = std::setw(static_cast<int>(std::max<std::size_t>(9, report.other_run.size() + 2)));
  const bool other = !report.other_run.empty();
  out << std::left << std::setw(28) << "metric" << std::right << std::setw(9) << "ours";
  if (other) out << width << report.other_run;
  out << std::setw(9) << "paper" << '\n';
  for (const ComparisonRow& row : report.comparison) {
    out << std::left << std::setw(28) << row.metric << std::right << std::setw(9) << cell(row.ours, row.count);
    if (other) out << width << cell(row.other, row.count);
    out << std::setw(9) << cell(row.paper, row.count) << '\n';
  }
  return out.str();
}

void set_other_run(ReportData& report, const std::filesystem::path& metrics) {
  std::ifstream file(metrics);
  require<FileError>(file.good(), "metrics of another run: cannot open ", metrics.string());
  const auto json = nlohmann::json::parse(file, nullptr, false);
  const std::pair<const char*, const char*> figures[] = {{"mAP@0.5, pooled", "/pooled_ap50/mean"},
                                                         {"mAP@0.5, COCO", "/mAP50"},
                                                         {"precision", "/per_image_f1/precision"},
                                                         {"recall", "/per_image_f1/recall"},
                                                         {"F1", "/per_image_f1/F1"},
                                                         {"true positives", "/per_image_f1/TP"},
                                                         {"false positives", "/per_image_f1/FP"},
                                                         {"missed objects", "/per_image_f1/FN"}};
  for (const auto& [metric, key] : figures) {
    const nlohmann::json::json_pointer pointer(key);
    require<FileError>(json.is_object() && json.contains(pointer) && json[pointer].is_number(), metrics.string(),
                       ": is no metrics.json of 'amdefect eval': there is no number ", key);
    for (ComparisonRow& row : report.comparison)
      if (row.metric == metric) row.other = json[pointer];
  }
  report.other_run = std::filesystem::absolute(metrics).parent_path().filename().string();
}

std::string history_json(const std::vector<EpochLog>& history) {
  auto json = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < history.size(); ++i) {
    json["epoch"].push_back(history[i].epoch);
    for (const auto& [name, value] : history[i].values) {
      while (json[name].size() < i) json[name].push_back(nullptr);
      json[name].push_back(value);
    }
    for (auto& column : json)
      if (column.size() <= i) column.push_back(nullptr);
  }
  return json.dump(1) + "\n";
}

std::vector<EpochLog> find_history(const std::filesystem::path& weights) {
  std::ifstream file(weights.parent_path() / "history.json");
  const auto json = nlohmann::ordered_json::parse(file, nullptr, false);
  std::vector<EpochLog> history;
  if (!json.is_object() || !json.contains("epoch")) return history;
  for (std::size_t i = 0; i < json["epoch"].size(); ++i) {
    EpochLog log{.epoch = static_cast<Index>(i) + 1, .epochs = static_cast<Index>(json["epoch"].size())};
    for (const auto& [name, column] : json.items())
      if (name != "epoch" && i < column.size() && column[i].is_number()) log.values.emplace_back(name, column[i]);
    history.push_back(std::move(log));
  }
  return history;
}

KeyValues key_values(const nlohmann::ordered_json& json) {
  KeyValues list;
  for (const auto& [key, value] : json.items())
    list.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  return list;
}

ReportData make_report(const std::string& title, const CocoSplit& split, const std::vector<CocoResult>& results,
                       const ReportEvaluation& evaluation) {
  ReportData data{.title = title, .subtitle = concat(split.name, " split of ", split.annotation_file.string())};
  data.class_names = class_names(split.coco);
  data.evaluation = evaluation;
  data.comparison = paper_comparison(evaluation, data.class_names);
  data.comparison_note = "The paper's figures are of its own test set (3D Printing Pictures, 23 images).";
  const auto load = [&](const CocoImage& image) {
    const auto index = static_cast<std::size_t>(&image - split.coco.images.data());
    return load_image(split.image_files.at(index));
  };
  data.gallery = select_gallery(split.coco, results, load, {.match = evaluation.match});
  return data;
}

void save_report(const std::filesystem::path& path, const ReportData& data) { write_report(path, data); }

}  // namespace amdefect
