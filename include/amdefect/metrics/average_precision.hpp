#pragma once

#include <algorithm>
#include <span>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_eval.hpp"

namespace amdefect {

/// AP at one IoU over objects of all sizes, the mean over the categories, with at most so many detections per image and
/// category; 0 without ground truths. @throws Error as `evaluate_coco`.
inline double average_precision(const CocoDataset& dataset, std::span<const CocoResult> results, double iou,
                                Index max_detections = 300) {
  CocoEvalOptions options;
  options.max_dets = {1, 10, max_detections};
  options.iou_thresholds = {iou};
  options.area_ranges.resize(1);
  return std::max(0.0, evaluate_coco(dataset, results, options).map_last_max_dets);
}

}  // namespace amdefect
