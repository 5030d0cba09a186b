#pragma once

#include <iomanip>
#include <locale>
#include <span>
#include <sstream>
#include <string>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/average_precision.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/coco_text.hpp"
#include "amdefect/metrics/confusion.hpp"
#include "amdefect/metrics/f1_score.hpp"

namespace amdefect {

/// All that is measured of the detections on a data set.
struct DetectionMetrics {
  Index images = 0, truths = 0, detections = 0;
  MatchOptions match;  ///< thresholds of precision, recall, F1 and the confusion matrix
  CocoEvaluation coco;
  ScoreCurves curves;
  ConfusionMatrix confusion;
  double ap50 = 0, ap25 = 0;  ///< with up to 300 detections per image and category, see `average_precision`
};

/// @throws Error as `evaluate_coco`.
inline DetectionMetrics measure_detections(const CocoDataset& dataset, std::span<const CocoResult> results,
                                           const MatchOptions& match = {}, const CocoEvalOptions& coco = {}) {
  const auto size = [](const auto& list) { return static_cast<Index>(list.size()); };
  return {size(dataset.images),
          size(dataset.annotations),
          size(results),
          match,
          evaluate_coco(dataset, results, coco),
          score_curves(dataset, results, match),
          confusion_matrix(dataset, results, match),
          average_precision(dataset, results, 0.5),
          average_precision(dataset, results, 0.25)};
}

/// The twelve lines of pycocotools, and one with the figures by which detectors are compared.
inline std::string to_text(const DetectionMetrics& metrics) {
  const ScorePoint best = metrics.curves.all.best_f1();
  const double threshold = metrics.match.score_threshold;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << coco_summary_text(metrics.coco) << std::fixed << std::setprecision(3) << "AP50 " << metrics.ap50 << ", AP25 "
       << metrics.ap25 << " (up to 300 detections per image), best F1 " << best.counts.f1() << " at score "
       << best.threshold << ", F1 " << metrics.curves.all.at(threshold).f1() << " at the threshold " << threshold
       << '\n';
  return text.str();
}

}  // namespace amdefect
