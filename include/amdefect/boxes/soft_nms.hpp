#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <queue>
#include <vector>

#include "amdefect/boxes/nms.hpp"

namespace amdefect {

/// Soft non-maximum suppression with Gaussian weights (Bodla et al. 2017, arXiv:1704.04503), separately for each class:
/// the detection with the best score is kept, the scores of the others are multiplied by exp(-IoU^2 / `sigma`) of their
/// overlap with it, and so on. Of equal scores the first in the input is the better one. What falls to
/// `score_threshold` or below is dropped, and at most `limit` are kept. The result is in the order of descending
/// scores, with the scores that were left. @throws Error unless sigma is positive.
inline std::vector<Detection> soft_non_maximum_suppression(std::vector<Detection> detections, double score_threshold,
                                                           double sigma,
                                                           Index limit = std::numeric_limits<Index>::max()) {
  require(sigma > 0, "soft non-maximum suppression: sigma is ", sigma, ", expected a positive number");
  struct Candidate {
    double score;
    std::size_t index;
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : index > other.index;
    }
  };
  BoxGrid grid(detections);
  std::priority_queue<Candidate> queue;  // for a score that fell the old entry remains beside the new one
  const auto enter = [&](std::size_t i) {
    if (detections[i].score > score_threshold) queue.push({detections[i].score, i});
  };
  for (std::size_t i = 0; i < detections.size(); ++i) {
    grid.add(i, detections[i].box);
    enter(i);
  }
  std::vector<Detection> kept;
  std::vector<bool> taken(detections.size());
  while (!queue.empty() && static_cast<Index>(kept.size()) < limit) {
    const auto [score, best] = queue.top();
    queue.pop();
    if (taken[best] || score != detections[best].score) continue;
    taken[best] = true;
    kept.push_back(detections[best]);
    grid.any_near(kept.back().box, [&](std::size_t i) {
      const double overlap = iou(detections[i].box, kept.back().box);
      if (overlap > 0 && detections[i].label == kept.back().label) {
        detections[i].score *= std::exp(-overlap * overlap / sigma);
        enter(i);
      }
      return false;  // on to the next one
    });
  }
  return kept;
}

}  // namespace amdefect
