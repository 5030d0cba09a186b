#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/detection/coco.hpp"
#include "amdefect/detection/coco_iou.hpp"
#include "amdefect/detection/eval_items.hpp"

namespace amdefect {

/// True positives, false positives and missed ground truths.
struct DetectionCounts {
  Index tp = 0, fp = 0, fn = 0;

  double precision() const { return ratio(tp, tp + fp); }
  double recall() const { return ratio(tp, tp + fn); }
  double f1() const {
    const double sum = precision() + recall();
    return sum > 0 ? 2 * precision() * recall() / sum : 0;
  }
  friend bool operator==(const DetectionCounts&, const DetectionCounts&) = default;

 private:
  static double ratio(Index part, Index all) { return all ? static_cast<double>(part) / static_cast<double>(all) : 0; }
};

/// Thresholds of the plain protocols, both inclusive.
struct MatchOptions {
  double iou_threshold = 0.5;
  double score_threshold = 0.5;
  /// 0 means all cores; the result does not depend on it.
  int threads = 0;
};

namespace detail {

/// The detections that take part in a plain protocol and the ground truth each one took.
struct PlainMatches {
  std::vector<std::int64_t> category_ids;  ///< ascending
  std::vector<EvalItem> truths;            ///< without crowds
  std::vector<EvalItem> detections;        ///< by group, in the order of descending score
  std::vector<const EvalItem*> taken;      ///< for each detection: an element of `truths` or nullptr
};

/// Each detection takes the best ground truth that is left (of equal IoU the first one) with at least `iou_threshold`.
inline void match_greedily(const CocoDataset& dataset, std::span<const CocoResult> results, const EvalGroup& group,
                           double iou_threshold, const EvalItem** taken) {
  std::vector<std::uint8_t> used(group.truths.size(), 0);
  for (const EvalItem& detection : group.detections) {
    const CocoBox& box = results[static_cast<std::size_t>(detection.source)].box;
    double best = iou_threshold;
    std::size_t match = group.truths.size();
    for (std::size_t i = 0; i < group.truths.size(); ++i) {
      if (used[i]) continue;
      const double iou = coco_iou(box, dataset.annotations[static_cast<std::size_t>(group.truths[i].source)].box);
      if (iou > best || (iou == best && match == group.truths.size())) {
        best = iou;
        match = i;
      }
    }
    if (match < group.truths.size()) used[match] = 1;
    *taken++ = match < group.truths.size() ? &group.truths[match] : nullptr;
  }
}

/// Matches the detections that reach the score threshold with the ground truths of equal `key(item)`; a key is a pair
/// of an image and a category, or one of them and 0.
template <class Key>
PlainMatches match_plainly(const CocoDataset& dataset, std::span<const CocoResult> results, const MatchOptions& options,
                           Key&& key) {
  EvalProblem problem = prepare_evaluation(dataset, results);
  const auto score = [&](const EvalItem& item) { return results[static_cast<std::size_t>(item.source)].score; };
  std::erase_if(problem.truths,
                [&](const EvalItem& item) { return dataset.annotations[static_cast<std::size_t>(item.source)].crowd; });
  std::erase_if(problem.detections, [&](const EvalItem& item) { return score(item) < options.score_threshold; });
  std::stable_sort(problem.truths.begin(), problem.truths.end(),
                   [&](const EvalItem& a, const EvalItem& b) { return key(a) < key(b); });
  std::sort(problem.detections.begin(), problem.detections.end(), [&](const EvalItem& a, const EvalItem& b) {
    return std::tuple(key(a), score(b), a.source) < std::tuple(key(b), score(a), b.source);
  });
  PlainMatches matches{std::move(problem.category_ids), std::move(problem.truths), std::move(problem.detections), {}};
  matches.taken.resize(matches.detections.size());
  const std::vector<EvalGroup> groups = group_items(matches.truths, matches.detections, key);
  parallel_pieces(options.threads, groups.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (const EvalGroup& group : std::span(groups).subspan(begin, end - begin))
      match_greedily(dataset, results, group, options.iou_threshold,
                     matches.taken.data() + (group.detections.data() - matches.detections.data()));
  });
  return matches;
}

}  // namespace detail

}  // namespace amdefect
