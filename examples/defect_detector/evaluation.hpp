#pragma once

#include <functional>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "amdefect/data/coco_eval_json.hpp"
#include "amdefect/data/coco_split.hpp"
#include "paper_detector.hpp"

namespace amdefect {

/// Runs the detector over a split, given the split's images; results are in pixels of the original images.
/// `progress(done, total)` is called after each image.
inline std::vector<CocoResult> detect_split(PaperDetector& detector, const CocoSplit& split, const SampleSource& source,
                                            double min_score, const std::function<void(Index, Index)>& progress = {}) {
  std::vector<CocoResult> results;
  for (Index i = 0; i < source.size(); ++i) {
    const auto found = detector.detect(source.load(i)->image, min_score);
    for (const Detection& detection : found)
      results.push_back(
          to_coco(detection, split.coco.images[static_cast<std::size_t>(i)].id, detector.description().category_ids));
    if (progress) progress(i + 1, source.size());
  }
  return results;
}

/// Detections with a score above the threshold.
inline std::vector<CocoResult> above_score(const std::vector<CocoResult>& results, double threshold) {
  std::vector<CocoResult> kept;
  std::copy_if(results.begin(), results.end(), std::back_inserter(kept),
               [&](const CocoResult& result) { return result.score > threshold; });
  return kept;
}

/// All figures of an evaluation.
struct DetectionMetrics {
  CocoEvaluation coco;  ///< of all detections (the ranking below the score threshold counts, too)
  F1Score f1;           ///< at the score threshold
  ScorePoint best_f1;   ///< at the threshold that suits these data best
  ConfusionMatrix confusion;
  PooledAp pooled;  ///< the paper's protocol, of the detections above the score threshold
  double score_threshold = 0.5;
};

inline DetectionMetrics measure(const CocoDataset& dataset, const std::vector<CocoResult>& results,
                                double score_threshold, const std::vector<Index>& max_dets) {
  const MatchOptions matching{.score_threshold = score_threshold};
  return {.coco = evaluate_coco(dataset, results, {.max_dets = max_dets}),
          .f1 = per_image_f1(dataset, results, matching),
          .best_f1 = score_curves(dataset, results).all.best_f1(),
          .confusion = confusion_matrix(dataset, results, matching),
          .pooled = pooled_ap(dataset, above_score(results, score_threshold)),
          .score_threshold = score_threshold};
}

inline nlohmann::ordered_json to_json(const DetectionMetrics& metrics) {
  return {{"mAP50", metrics.coco.stats[stat_ap50]},
          {"score_threshold", metrics.score_threshold},
          {"coco", to_json(metrics.coco)},
          {"per_image_f1", to_json(metrics.f1)},
          {"best_f1", {{"threshold", metrics.best_f1.threshold}, {"f1", metrics.best_f1.counts.f1()}}},
          {"confusion", to_json(metrics.confusion)},
          {"pooled_ap50", to_json(metrics.pooled)}};
}

/// The metrics as a table beside the paper's figures (its Table 1, test set of 23 images).
inline std::string metrics_table(const DetectionMetrics& metrics, const CocoDataset& dataset) {
  std::ostringstream out;
  const auto row = [&](const std::string& name, double ours, const std::string& paper) {
    out << std::left << std::setw(38) << name << std::right << std::setw(9);
    if (ours < 0)
      out << "-";
    else
      out << std::fixed << std::setprecision(3) << ours;
    out << std::setw(9) << paper << '\n';
  };
  const auto name_of = [&](std::int64_t id) {
    for (const CocoCategory& category : dataset.categories)
      if (category.id == id) return category.name;
    return std::to_string(id);
  };
  const auto paper_ap = [](const std::string& name) {
    return name == "nozzle" ? "0.004" : name == "workpiece" ? "0.468" : "";
  };
  out << std::left << std::setw(38) << "metric" << std::right << std::setw(9) << "ours" << std::setw(9) << "paper\n";
  row("mAP@0.5 (COCO)", metrics.coco.stats[stat_ap50], "");
  row("mAP@0.5 (pooled over images, as paper)", metrics.pooled.mean, "0.236");
  for (const CocoCategoryResult& category : metrics.coco.per_category) {
    if (category.counts_iou50.n_gt == 0) continue;
    const std::string name = name_of(category.category_id);
    row("AP@0.5 " + name, category.ap50, "");
    for (const PooledAp::Class& pooled : metrics.pooled.per_class)
      if (pooled.category_id == category.category_id) row("AP@0.5 " + name + " (pooled)", pooled.ap, paper_ap(name));
  }
  const DetectionCounts& counts = metrics.f1.counts;
  row("precision at the score threshold", counts.precision(), "0.109");
  row("recall at the score threshold", counts.recall(), "0.128");
  row("F1 at the score threshold", counts.f1(), "0.118");
  row("best F1 over all thresholds", metrics.best_f1.counts.f1(), "");
  out << "TP / FP / FN at score " << metrics.score_threshold << ": " << counts.tp << " / " << counts.fp << " / "
      << counts.fn << "   (paper: 5 / 41 / 34)\n";
  return out.str();
}

}  // namespace amdefect
