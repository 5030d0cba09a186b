#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_iou.hpp"
#include "amdefect/metrics/eval_items.hpp"

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
class GreedyMatcher {
 public:
  GreedyMatcher(const CocoDataset& dataset, std::span<const CocoResult> results, double iou_threshold)
      : dataset_(dataset), results_(results), iou_threshold_(iou_threshold) {}

  /// `taken` receives an element of the group's ground truths, or nullptr, for each of its detections.
  void match(const EvalGroup& group, const EvalItem** taken) {
    truths_.clear();
    for (std::size_t i = 0; i < group.truths.size(); ++i)
      truths_.push_back({dataset_.annotations[static_cast<std::size_t>(group.truths[i].source)].box, i, false});
    std::sort(truths_.begin(), truths_.end(), [](const Truth& a, const Truth& b) { return a.box.x < b.box.x; });
    for (const EvalItem& detection : group.detections) {
      Truth* const best = find_best(results_[static_cast<std::size_t>(detection.source)].box);
      if (best != nullptr) best->used = true;
      *taken++ = best == nullptr ? nullptr : &group.truths[best->index];
    }
  }

 private:
  struct Truth {
    CocoBox box;
    std::size_t index;
    bool used;
  };

  /// An IoU of t needs a common width of t times that of either box, hence a left side from
  /// x - (1/t - 1) width to x + (1 - t) width; a little more allows for rounding.
  Truth* find_best(const CocoBox& box) {
    const double slack = 1e-9 * (std::abs(box.x) + box.width);
    const double low = box.x - (1 / iou_threshold_ - 1) * box.width - slack;
    const double high = box.x + (1 - iou_threshold_) * box.width + slack;
    const auto first = std::partition_point(truths_.begin(), truths_.end(), [&](auto& t) { return t.box.x < low; });
    Truth* match = nullptr;
    double best = iou_threshold_;
    for (auto truth = first; truth != truths_.end() && truth->box.x <= high; ++truth) {
      if (truth->used) continue;
      const double iou = coco_iou(box, truth->box);
      if (iou < best || (iou == best && match != nullptr && match->index < truth->index)) continue;
      best = iou;
      match = &*truth;
    }
    return match;
  }

  const CocoDataset& dataset_;
  std::span<const CocoResult> results_;
  double iou_threshold_;
  std::vector<Truth> truths_;  ///< by their left side
};

/// An image and a category, or one of them and 0.
using MatchKey = std::pair<Index, Index> (*)(const EvalItem&);

/// Matches the detections that reach the score threshold with the ground truths of equal `key(item)`.
inline PlainMatches match_plainly(const CocoDataset& dataset, std::span<const CocoResult> results,
                                  const MatchOptions& options, MatchKey key) {
  require(options.iou_threshold > 0 && options.iou_threshold <= 1,
          "evaluation: the IoU threshold must be in (0, 1], got ", options.iou_threshold);
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
  const int threads = worthwhile_threads(options.threads, results.size());
  parallel_pieces(threads, groups.size(), 1 + groups.size() / 1024, [&](std::size_t begin, std::size_t end) {
    GreedyMatcher matcher(dataset, results, options.iou_threshold);
    for (const EvalGroup& group : std::span(groups).subspan(begin, end - begin))
      matcher.match(group, matches.taken.data() + (group.detections.data() - matches.detections.data()));
  });
  return matches;
}

}  // namespace detail

}  // namespace amdefect
