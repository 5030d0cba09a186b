#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/plain_matching.hpp"

namespace amdefect {

/// Rows are true classes, columns predicted ones, both in the order of `class_ids`; the last of each is the background.
struct ConfusionMatrix {
  double iou_threshold = 0.5, score_threshold = 0.5;
  std::vector<std::int64_t> class_ids;  ///< ascending
  std::vector<std::vector<Index>> counts;
};

/// Per-image matching without regard to the class: the detections of an image that reach the score threshold, by
/// descending score, each take the best ground truth. What is left over on either side is matched with the background.
/// Crowds are left out. @throws Error as `evaluate_coco`.
inline ConfusionMatrix confusion_matrix(const CocoDataset& dataset, std::span<const CocoResult> results,
                                        const MatchOptions& options = {}) {
  const detail::PlainMatches matches = detail::match_plainly(
      dataset, results, options, [](const detail::EvalItem& item) { return std::pair(item.image, Index{0}); });
  const std::size_t background = matches.category_ids.size();
  ConfusionMatrix matrix{options.iou_threshold, options.score_threshold, matches.category_ids, {}};
  matrix.counts.assign(background + 1, std::vector<Index>(background + 1, 0));
  for (const detail::EvalItem& truth : matches.truths)
    ++matrix.counts[static_cast<std::size_t>(truth.category)][background];
  for (std::size_t i = 0; i < matches.detections.size(); ++i) {
    const auto predicted = static_cast<std::size_t>(matches.detections[i].category);
    if (matches.taken[i] == nullptr) {
      ++matrix.counts[background][predicted];
    } else {
      std::vector<Index>& row = matrix.counts[static_cast<std::size_t>(matches.taken[i]->category)];
      ++row[predicted];
      --row[background];
    }
  }
  return matrix;
}

}  // namespace amdefect
