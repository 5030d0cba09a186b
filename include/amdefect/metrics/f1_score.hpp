#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/plain_matching.hpp"

namespace amdefect {

/// Precision, recall and F1 of the detections with at least a score of `threshold`.
struct ScorePoint {
  double threshold = 0;
  DetectionCounts counts;
};

/// How the counts of one category (or of all, id -1) change with the score threshold: a point per distinct score, from
/// the highest to the lowest. Nothing is interpolated, so that a threshold read from it does what it says.
struct ScoreCurve {
  std::int64_t category_id = -1;
  Index n_gt = 0;
  std::vector<ScorePoint> points;

  /// The counts at any threshold.
  DetectionCounts at(double threshold) const {
    const auto below = std::partition_point(points.begin(), points.end(),
                                            [&](const ScorePoint& point) { return point.threshold >= threshold; });
    return below == points.begin() ? DetectionCounts{0, 0, n_gt} : std::prev(below)->counts;
  }
  /// The point with the highest F1, of equal ones that with the highest threshold; threshold 1 without detections.
  ScorePoint best_f1() const {
    if (points.empty()) return {1, at(1)};
    return *std::max_element(points.begin(), points.end(),
                             [](const ScorePoint& a, const ScorePoint& b) { return a.counts.f1() < b.counts.f1(); });
  }
  /// A threshold to use from now on: halfway between the score of `best_f1` and the next lower one (0 if there is
  /// none), so that neither rounding nor a strict comparison changes what passes. Nothing if no object is found at all.
  std::optional<double> best_threshold() const {
    const ScorePoint best = best_f1();
    if (best.counts.tp == 0) return std::nullopt;
    const auto lower = std::find_if(points.begin(), points.end(),
                                    [&](const ScorePoint& point) { return point.threshold < best.threshold; });
    return (best.threshold + (lower == points.end() ? 0 : lower->threshold)) / 2;
  }
};

struct ScoreCurves {
  ScoreCurve all;                     ///< over all categories
  std::vector<ScoreCurve> per_class;  ///< ascending category ids
};

/// Per-image matching (the score threshold is not used): the detections of an image, by descending score, each take the
/// best ground truth of their class. Crowds are left out. A detection's match does not depend on those of lower score,
/// so one pass serves all thresholds. @throws Error as `evaluate_coco`.
inline ScoreCurves score_curves(const CocoDataset& dataset, std::span<const CocoResult> results,
                                MatchOptions options = {}) {
  options.score_threshold = std::numeric_limits<double>::lowest();
  const detail::PlainMatches matches = detail::match_plainly(
      dataset, results, options, [](const detail::EvalItem& item) { return std::pair(item.category, item.image); });
  struct Outcome {
    double score;
    bool hit;
  };
  const std::size_t categories = matches.category_ids.size();
  std::vector<std::vector<Outcome>> outcomes(categories + 1);  // the last one is of all categories
  std::vector<Index> truths(categories + 1, 0);
  for (std::size_t i = 0; i < matches.detections.size(); ++i) {
    const detail::EvalItem& item = matches.detections[i];
    const Outcome outcome{results[static_cast<std::size_t>(item.source)].score, matches.taken[i] != nullptr};
    outcomes[static_cast<std::size_t>(item.category)].push_back(outcome);
    outcomes.back().push_back(outcome);
  }
  for (const detail::EvalItem& item : matches.truths) {
    ++truths[static_cast<std::size_t>(item.category)];
    ++truths.back();
  }
  const auto curve = [&](std::size_t k, std::int64_t id) {
    ScoreCurve result{id, truths[k], {}};
    std::sort(outcomes[k].begin(), outcomes[k].end(),
              [](const Outcome& a, const Outcome& b) { return a.score > b.score; });
    DetectionCounts counts{0, 0, truths[k]};
    for (const Outcome& outcome : outcomes[k]) {
      ++(outcome.hit ? counts.tp : counts.fp);
      counts.fn = truths[k] - counts.tp;
      if (result.points.empty() || result.points.back().threshold != outcome.score)
        result.points.push_back({outcome.score, counts});
      else
        result.points.back().counts = counts;
    }
    return result;
  };
  ScoreCurves curves;
  for (std::size_t k = 0; k < categories; ++k) curves.per_class.push_back(curve(k, matches.category_ids[k]));
  curves.all = curve(categories, -1);
  return curves;
}

/// Precision, recall and F1 at one threshold.
struct F1Score {
  struct Class {
    std::int64_t category_id = 0;
    DetectionCounts counts;
  };

  double iou_threshold = 0.5, score_threshold = 0.5;
  DetectionCounts counts;  ///< over all categories
  std::vector<Class> per_class;
};

/// Sums over the images of the matches that `score_curves` describes, for scores that reach the threshold.
inline F1Score per_image_f1(const CocoDataset& dataset, std::span<const CocoResult> results,
                            const MatchOptions& options = {}) {
  const ScoreCurves curves = score_curves(dataset, results, options);
  F1Score score{options.iou_threshold, options.score_threshold, curves.all.at(options.score_threshold), {}};
  for (const ScoreCurve& curve : curves.per_class)
    score.per_class.push_back({curve.category_id, curve.at(options.score_threshold)});
  return score;
}

}  // namespace amdefect
