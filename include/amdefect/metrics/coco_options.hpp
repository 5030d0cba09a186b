#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/rounding.hpp"

namespace amdefect {

/// Objects of an area in [low, high] square pixels, both ends inclusive.
struct AreaRange {
  std::string name;
  double low = 0, high = 0;

  bool contains(double area) const { return area >= low && area <= high; }
};

/// COCO's ranges: an area of exactly 32 x 32 is both small and medium.
inline std::vector<AreaRange> coco_area_ranges() {
  return {{"all", 0, 1e10}, {"small", 0, 1024}, {"medium", 1024, 9216}, {"large", 9216, 1e10}};
}

/// 0.5, 0.55, ..., 0.95 as numpy's linspace rounds them.
inline std::vector<double> coco_iou_thresholds() {
  return {0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95};
}

/// The recall values at which COCO reads the precision: k * 0.01 for k = 0, ..., 100.
inline constexpr Index coco_recall_count = 101;
inline double coco_recall(Index k) { return detail::rounded(static_cast<double>(k) * 0.01); }

/// The defaults are pycocotools'.
struct CocoEvalOptions {
  /// At least three limits for the detections counted per image and category (per image without categories).
  std::vector<Index> max_dets{1, 10, 100};
  /// False: a detection may match a ground truth of any category, and all count as one category with id -1.
  bool use_categories = true;
  std::vector<double> iou_thresholds = coco_iou_thresholds();
  /// The first one is that of the figures per category.
  std::vector<AreaRange> area_ranges = coco_area_ranges();
  /// Departs from pycocotools where users reported bugs: an annotation with id 0 can be matched, and AP is the one at
  /// the last of `max_dets` (pycocotools: that at 100 detections, -1 if 100 is not among them).
  bool fix_known_bugs = false;
  /// 0 means all cores; the result does not depend on it.
  int threads = 0;
};

namespace detail {

/// The options with `max_dets` in ascending order. @throws Error for options that cannot be evaluated.
inline CocoEvalOptions checked(CocoEvalOptions options) {
  require(options.max_dets.size() >= 3, "evaluation: max_dets needs at least 3 values (pycocotools: 1, 10, 100), got ",
          options.max_dets.size());
  std::sort(options.max_dets.begin(), options.max_dets.end());
  require(options.max_dets.front() > 0, "evaluation: max_dets must be positive, got ", options.max_dets.front());
  require(!options.iou_thresholds.empty(), "evaluation: there are no IoU thresholds");
  for (const double threshold : options.iou_thresholds)
    require(threshold > 0 && threshold <= 1, "evaluation: an IoU threshold must be in (0, 1], got ", threshold);
  require(!options.area_ranges.empty(), "evaluation: there are no area ranges");
  return options;
}

}  // namespace detail

}  // namespace amdefect
