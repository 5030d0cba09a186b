#pragma once

#include <algorithm>

#include "amdefect/boxes/box.hpp"
#include "amdefect/metrics/rounding.hpp"

namespace amdefect {

namespace detail {

inline double coco_area(const CocoBox& box) { return rounded(box.width * box.height); }

/// As `coco_iou`, with the areas of both boxes at hand.
inline double coco_iou(const CocoBox& detection, double detection_area, const CocoBox& truth, double truth_area,
                       bool crowd) {
  const double width = std::min(detection.x + detection.width, truth.x + truth.width) - std::max(detection.x, truth.x);
  if (width <= 0) return 0;
  const double height =
      std::min(detection.y + detection.height, truth.y + truth.height) - std::max(detection.y, truth.y);
  if (height <= 0) return 0;
  const double common = rounded(width * height);
  return quotient(common, crowd ? detection_area : rounded(detection_area + truth_area) - common);
}

}  // namespace detail

/// Intersection over union of a detection and a ground truth, equal to pycocotools' `maskUtils.iou` in every bit
/// whatever the compiler flags. For a crowd it is the share of the detection that lies in the crowd's box.
inline double coco_iou(const CocoBox& detection, const CocoBox& truth, bool crowd = false) {
  return detail::coco_iou(detection, detail::coco_area(detection), truth, detail::coco_area(truth), crowd);
}

}  // namespace amdefect
