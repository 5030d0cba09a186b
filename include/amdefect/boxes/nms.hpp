#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "amdefect/boxes/box_grid.hpp"
#include "amdefect/boxes/detection.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// Greedy non-maximum suppression, separately for each class: keeps detections with a score above `score_threshold`
/// (never a NaN) in the order of descending score, equal scores in input order, unless a kept one of the same class
/// overlaps with an IoU above `iou_threshold`, at most the `limit` first ones. The time grows about linearly with their
/// number. @throws Error for a negative IoU.
inline std::vector<Detection> non_maximum_suppression(std::vector<Detection> detections, double score_threshold,
                                                      double iou_threshold = 0.5,
                                                      Index limit = std::numeric_limits<Index>::max()) {
  require(iou_threshold >= 0, "non-maximum suppression: the IoU is ", iou_threshold, ", expected 0 to 1");
  std::erase_if(detections, [&](const Detection& detection) { return !(detection.score > score_threshold); });
  std::stable_sort(detections.begin(), detections.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  BoxGrid grid(detections);  // of the kept ones
  std::vector<Detection> kept;
  for (const Detection& candidate : detections) {
    if (static_cast<Index>(kept.size()) >= limit) break;
    const bool suppressed = grid.any_near(candidate.box, [&](std::size_t better) {
      return kept[better].label == candidate.label && iou(kept[better].box, candidate.box) > iou_threshold;
    });
    if (suppressed) continue;
    grid.add(kept.size(), candidate.box);
    kept.push_back(candidate);
  }
  return kept;
}

}  // namespace amdefect
