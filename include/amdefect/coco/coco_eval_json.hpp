#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/bootstrap.hpp"
#include "amdefect/metrics/calibration.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/coco_text.hpp"
#include "amdefect/metrics/confusion.hpp"
#include "amdefect/metrics/detection_metrics.hpp"
#include "amdefect/metrics/f1_score.hpp"
#include "amdefect/metrics/image_groups.hpp"
#include "amdefect/metrics/pooled_ap.hpp"

namespace amdefect {

/// Evaluation results as JSON, with the keys of the reference cases (docs/metrics.md); -1 means undefined.
inline nlohmann::ordered_json to_json(const CocoCounts& counts) {
  return {{"n_gt", counts.n_gt},
          {"n_gt_ignored", counts.n_gt_ignored},
          {"gt_matched", counts.gt_matched},
          {"n_dt", counts.n_dt},
          {"dt_matched", counts.dt_matched},
          {"dt_unmatched", counts.dt_unmatched},
          {"dt_ignored", counts.dt_ignored},
          {"tp", counts.tp},
          {"fp", counts.fp}};
}

inline nlohmann::ordered_json to_json(const CocoCategoryResult& category) {
  return {{"category_id", category.category_id},
          {"AP", category.ap},
          {"AP50", category.ap50},
          {"AP75", category.ap75},
          {"AR", category.ar},
          {"AP_by_iou", category.ap_by_iou},
          {"recall_by_iou", category.recall_by_iou},
          {"counts_iou50", to_json(category.counts_iou50)},
          {"precision_iou50", category.precision_iou50}};
}

inline nlohmann::ordered_json to_json(const CocoEvaluation& evaluation) {
  using Json = nlohmann::ordered_json;
  const CocoEvalOptions& options = evaluation.options;
  Json json = {
      {"params", {{"iouType", "bbox"}, {"useCats", options.use_categories ? 1 : 0}, {"maxDets", options.max_dets}}},
      {"stats_names", coco_stat_names(options)},
      {"stats", evaluation.stats},
      {"mAP_last_maxDets", evaluation.map_last_max_dets},
      {"counts_iou50", to_json(evaluation.counts_iou50)},
      {"per_category", Json::array()}};
  if (options.fix_known_bugs) json["params"]["fix_known_bugs"] = true;
  for (const CocoCategoryResult& category : evaluation.per_category) json["per_category"].push_back(to_json(category));
  return json;
}

inline nlohmann::ordered_json to_json(const DetectionCounts& counts) {
  return {{"TP", counts.tp},           {"FP", counts.fp},  {"FN", counts.fn}, {"precision", counts.precision()},
          {"recall", counts.recall()}, {"F1", counts.f1()}};
}

inline nlohmann::ordered_json to_json(const F1Score& score) {
  using Json = nlohmann::ordered_json;
  Json json = {{"iou_thr", score.iou_threshold}, {"score_thr", score.score_threshold}};
  json.update(to_json(score.counts));
  json["per_class"] = Json::array();
  for (const F1Score::Class& category : score.per_class) {
    Json entry = {{"category_id", category.category_id}};
    entry.update(to_json(category.counts));
    json["per_class"].push_back(entry);
  }
  return json;
}

inline nlohmann::ordered_json to_json(const ConfusionMatrix& matrix) {
  return {{"iou_thr", matrix.iou_threshold},
          {"score_thr", matrix.score_threshold},
          {"class_ids", matrix.class_ids},
          {"matrix", matrix.counts}};
}

inline nlohmann::ordered_json to_json(const PooledAp& pooled) {
  using Json = nlohmann::ordered_json;
  Json json = {{"iou_thr", pooled.iou_threshold}, {"mean", pooled.mean}, {"per_class", Json::array()}};
  for (const PooledAp::Class& category : pooled.per_class)
    json["per_class"].push_back({{"category_id", category.category_id},
                                 {"AP", category.ap},
                                 {"n_gt", category.n_gt},
                                 {"n_dt", category.n_dt},
                                 {"tp", category.tp}});
  return json;
}

inline nlohmann::ordered_json to_json(const Interval& interval) { return {interval.low, interval.high}; }

inline nlohmann::ordered_json to_json(const DetectionIntervals& intervals) {
  using Json = nlohmann::ordered_json;
  Json json = {{"level", intervals.level},
               {"samples", intervals.samples},
               {"images", intervals.images},
               {"mAP", to_json(intervals.ap)},
               {"mAP50", to_json(intervals.ap50)},
               {"mAP50_max_dets_300", to_json(intervals.ap50_300)},
               {"mAP25_max_dets_300", to_json(intervals.ap25_300)},
               {"f1", to_json(intervals.f1)},
               {"best_f1", to_json(intervals.best_f1)},
               {"per_category", Json::array()}};
  for (const DetectionIntervals::Class& category : intervals.per_class)
    json["per_category"].push_back({{"category_id", category.category_id}, {"AP50", to_json(category.ap50)}});
  return json;
}

/// Of all classes the bins, and of each the error and the score threshold with the best F1.
inline nlohmann::ordered_json calibration_json(const ScoreCurves& curves) {
  using Json = nlohmann::ordered_json;
  const Calibration all = calibration(curves.all);
  Json json = {
      {"expected_calibration_error", all.expected_error()}, {"bins", Json::array()}, {"per_category", Json::array()}};
  for (const CalibrationBin& bin : all.bins)
    json["bins"].push_back({{"low", bin.low},
                            {"high", bin.high},
                            {"detections", bin.detections},
                            {"mean_score", bin.mean_score},
                            {"precision", bin.precision}});
  for (const ScoreCurve& curve : curves.per_class) {
    const std::optional<double> threshold = curve.best_threshold();
    json["per_category"].push_back({{"category_id", curve.category_id},
                                    {"expected_calibration_error", calibration(curve).expected_error()},
                                    {"best_threshold", threshold ? Json(*threshold) : Json()}});
  }
  return json;
}

/// The figures of a detector as one object, metrics.json of `amdefect eval`. @throws Error as `evaluate_coco`.
inline nlohmann::ordered_json metrics_json(const CocoDataset& dataset, std::span<const CocoResult> results,
                                           const DetectionMetrics& metrics) {
  const ScorePoint best = metrics.curves.all.best_f1();
  return {{"mAP50", metrics.coco.stats[stat_ap50]},
          {"mAP50_max_dets_300", metrics.ap50},
          {"mAP25_max_dets_300", metrics.ap25},
          {"score_threshold", metrics.match.score_threshold},
          {"best_f1", {{"threshold", best.threshold}, {"f1", best.counts.f1()}}},
          {"intervals", to_json(metrics.intervals)},
          {"calibration", calibration_json(metrics.curves)},
          {"coco", to_json(metrics.coco)},
          {"per_image_f1", to_json(per_image_f1(dataset, results, metrics.match))},
          {"confusion", to_json(metrics.confusion)}};
}

/// A group in each entry, with the names of `metrics_json`.
inline nlohmann::ordered_json to_json(std::span<const GroupMetrics> groups) {
  auto json = nlohmann::ordered_json::array();
  for (const GroupMetrics& group : groups)
    json.push_back({{"group", group.name},
                    {"n_images", group.images},
                    {"n_gt", group.truths},
                    {"mAP50_max_dets_300", group.ap50},
                    {"mAP25_max_dets_300", group.ap25},
                    {"best_f1", {{"threshold", group.best_f1.threshold}, {"f1", group.best_f1.counts.f1()}}},
                    {"f1", group.f1}});
  return json;
}

/// All protocols over the same detections: the COCO evaluations at hand, and per-image F1, the confusion matrix and the
/// pooled AP at IoU 0.5 and score 0.5. @throws Error as `evaluate_coco`.
inline nlohmann::ordered_json evaluation_report_json(const CocoDataset& dataset, std::span<const CocoResult> results,
                                                     const std::vector<CocoEvaluation>& runs) {
  using Json = nlohmann::ordered_json;
  Json json = {{"n_images", dataset.images.size()},
               {"n_gt", dataset.annotations.size()},
               {"n_dt", results.size()},
               {"category_ids", detail::sorted_ids(dataset.categories)},
               {"runs", Json::array()}};
  for (const CocoEvaluation& run : runs) json["runs"].push_back(to_json(run));
  json["per_image_f1"] = to_json(per_image_f1(dataset, results));
  json["confusion"] = to_json(confusion_matrix(dataset, results));
  json["pooled_ap50"] = to_json(pooled_ap(dataset, results));
  return json;
}

}  // namespace amdefect
