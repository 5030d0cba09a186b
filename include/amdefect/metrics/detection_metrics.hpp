#pragma once

#include <iomanip>
#include <locale>
#include <span>
#include <sstream>
#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/average_precision.hpp"
#include "amdefect/metrics/bootstrap.hpp"
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
  DetectionIntervals intervals;

  /// With fewer images than it takes to know AP50 to 0.05, what a reader of the figures should know; else empty.
  std::string warning() const {
    constexpr double widest = 0.1;
    if (intervals.ap50_300.width() <= widest) return "";
    return concat(images, images == 1 ? " image says" : " images say",
                  " little: on others of the same kind AP50 could well be anywhere from ",
                  amdefect::to_text(intervals.ap50_300, 2));
  }
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
          average_precision(dataset, results, 0.25),
          bootstrap_intervals(dataset, results, match)};
}

/// The twelve lines of pycocotools, one with the figures by which detectors are compared, and their intervals.
inline std::string to_text(const DetectionMetrics& metrics) {
  const ScorePoint best = metrics.curves.all.best_f1();
  const DetectionIntervals& intervals = metrics.intervals;
  const double threshold = metrics.match.score_threshold;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << coco_summary_text(metrics.coco) << std::fixed << std::setprecision(3) << "AP50 " << metrics.ap50 << ", AP25 "
       << metrics.ap25 << " (up to 300 detections per image), best F1 " << best.counts.f1() << " at score "
       << best.threshold << ", F1 " << metrics.curves.all.at(threshold).f1() << " at the threshold " << threshold
       << '\n'
       << concat(100 * intervals.level) << " % intervals of a choice of " << metrics.images << " such images: AP50 "
       << to_text(intervals.ap50_300) << ", AP25 " << to_text(intervals.ap25_300) << ", best F1 "
       << to_text(intervals.best_f1) << ", F1 " << to_text(intervals.f1) << '\n';
  if (const std::string warning = metrics.warning(); !warning.empty()) text << "note: " << warning << '\n';
  return text.str();
}

}  // namespace amdefect
