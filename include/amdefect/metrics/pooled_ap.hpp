#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/plain_matching.hpp"

namespace amdefect {

/// An average precision that pools the detections of all images; see `pooled_ap`.
struct PooledAp {
  struct Class {
    std::int64_t category_id = 0;
    double ap = -1;
    Index n_gt = 0, n_dt = 0, tp = 0;
  };

  double iou_threshold = 0.5;
  double mean = -1;  ///< over the classes with ground truths or detections; -1 without any
  std::vector<Class> per_class;
};

namespace detail {

/// Area below the precision envelope of a ranking, all points: each true positive adds a step of 1 / n_gt.
inline double average_precision_all_points(const std::vector<bool>& hits, Index n_gt) {
  std::vector<double> precisions;
  for (std::size_t i = 0; i < hits.size(); ++i)
    if (hits[i]) precisions.push_back(static_cast<double>(precisions.size() + 1) / static_cast<double>(i + 1));
  double envelope = 0, sum = 0;
  for (std::size_t i = precisions.size(); i-- > 0;) {
    envelope = std::max(envelope, precisions[i]);
    sum += envelope;
  }
  return n_gt ? sum / static_cast<double>(n_gt) : 0;
}

}  // namespace detail

/// The protocol of the paper, only for comparison with its published figures: the detections of a class in all images
/// are one list (the score threshold is not used), and each may take a ground truth of any image, so that the result is
/// too high by construction. Use `evaluate_coco` for a sound figure. @throws Error as `evaluate_coco`.
inline PooledAp pooled_ap(const CocoDataset& dataset, std::span<const CocoResult> results, MatchOptions options = {}) {
  options.score_threshold = std::numeric_limits<double>::lowest();
  const detail::PlainMatches matches = detail::match_plainly(
      dataset, results, options, [](const detail::EvalItem& item) { return std::pair(item.category, Index{0}); });
  PooledAp pooled{options.iou_threshold, -1, {}};
  for (const std::int64_t id : matches.category_ids) pooled.per_class.push_back({id, -1, 0, 0, 0});
  std::vector<std::vector<bool>> hits(pooled.per_class.size());
  for (const detail::EvalItem& truth : matches.truths)
    ++pooled.per_class[static_cast<std::size_t>(truth.category)].n_gt;
  for (std::size_t i = 0; i < matches.detections.size(); ++i) {
    const auto category = static_cast<std::size_t>(matches.detections[i].category);
    hits[category].push_back(matches.taken[i] != nullptr);
    pooled.per_class[category].tp += matches.taken[i] != nullptr;
  }
  double sum = 0;
  Index defined = 0;
  for (std::size_t k = 0; k < hits.size(); ++k) {
    PooledAp::Class& category = pooled.per_class[k];
    category.n_dt = static_cast<Index>(hits[k].size());
    if (category.n_gt + category.n_dt == 0) continue;
    category.ap = detail::average_precision_all_points(hits[k], category.n_gt);
    sum += category.ap;
    ++defined;
  }
  if (defined) pooled.mean = sum / static_cast<double>(defined);
  return pooled;
}

}  // namespace amdefect
