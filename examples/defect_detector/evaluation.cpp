#include "evaluation.hpp"

#include "amdefect/coco/coco_eval_json.hpp"
#include "amdefect/viz/report.hpp"
#include "amdefect/viz/split_report.hpp"

namespace amdefect {

std::vector<CocoResult> detect_split(const Detector& detector, const CocoSplit& split, const SampleSource& source,
                                     const DetectOptions& options, const std::function<void(Index, Index)>& progress) {
  std::vector<CocoResult> results;
  for (Index i = 0; i < source.size(); ++i) {
    for (const Detection& detection : detector.detect(pixels(source.load(i)->image), options))
      results.push_back(to_coco(detection, split.coco.images[static_cast<std::size_t>(i)].id, detector.labels()));
    if (progress) progress(i + 1, source.size());
  }
  return results;
}

double average_precision(const CocoDataset& dataset, const std::vector<CocoResult>& results, double iou) {
  CocoEvalOptions options;
  options.max_dets = {1, 10, 300};
  options.iou_thresholds = {iou};
  options.area_ranges.resize(1);
  return std::max(0.0, evaluate_coco(dataset, results, options).map_last_max_dets);
}

ReportEvaluation evaluate_detections(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                     double score_threshold, const std::vector<Index>& max_dets) {
  CocoEvalOptions options;
  options.max_dets = max_dets;
  return evaluate_for_report(dataset, results, {.score_threshold = score_threshold}, options);
}

nlohmann::ordered_json metrics_json(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                    const ReportEvaluation& evaluation) {
  const ScorePoint best = evaluation.curves.all.best_f1();
  return {{"mAP50", evaluation.coco.stats[stat_ap50]},
          {"mAP50_max_dets_300", average_precision(dataset, results, 0.5)},
          {"mAP25_max_dets_300", average_precision(dataset, results, 0.25)},
          {"score_threshold", evaluation.match.score_threshold},
          {"best_f1", {{"threshold", best.threshold}, {"f1", best.counts.f1()}}},
          {"coco", to_json(evaluation.coco)},
          {"per_image_f1", to_json(per_image_f1(dataset, results, evaluation.match))},
          {"confusion", to_json(evaluation.confusion)},
          {"pooled_ap50", to_json(paper_pooled_ap(dataset, results, evaluation.match.score_threshold))}};
}

KeyValues key_values(const nlohmann::ordered_json& json) {
  KeyValues list;
  for (const auto& [key, value] : json.items())
    list.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  return list;
}

ReportData make_report(const std::string& title, const CocoSplit& split, const std::vector<CocoResult>& results,
                       const ReportEvaluation& evaluation, const Comparison& comparison) {
  ReportData data = split_report(title, split, results, evaluation);
  data.tables.push_back(paper_table(comparison));
  return data;
}

void save_report(const std::filesystem::path& path, const ReportData& data) { write_report(path, data); }

}  // namespace amdefect
