#include "evaluation.hpp"

#include "amdefect/coco/coco_eval_json.hpp"
#include "amdefect/viz/report.hpp"
#include "amdefect/viz/split_report.hpp"

namespace amdefect {

nlohmann::ordered_json metrics_json(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                    const DetectionMetrics& evaluation) {
  const ScorePoint best = evaluation.curves.all.best_f1();
  return {{"mAP50", evaluation.coco.stats[stat_ap50]},
          {"mAP50_max_dets_300", evaluation.ap50},
          {"mAP25_max_dets_300", evaluation.ap25},
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
                       const DetectionMetrics& evaluation, const Comparison& comparison) {
  ReportData data = split_report(title, split, results, evaluation);
  data.tables.push_back(paper_table(comparison));
  return data;
}

void save_report(const std::filesystem::path& path, const ReportData& data) { write_report(path, data); }

}  // namespace amdefect
