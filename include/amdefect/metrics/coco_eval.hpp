#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_accumulate.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/coco_ranking.hpp"
#include "amdefect/metrics/coco_result.hpp"
#include "amdefect/metrics/coco_summary.hpp"
#include "amdefect/metrics/eval_items.hpp"

namespace amdefect {

namespace detail {

/// Fills the tables of precision and recall.
inline void accumulate(const CocoRankings& rankings, CocoEvaluation& evaluation) {
  const CocoEvalOptions& options = evaluation.options;
  const std::size_t areas = options.area_ranges.size(), thresholds = options.iou_thresholds.size();
  const auto size = [](const auto& list) { return static_cast<Index>(list.size()); };
  const Index categories = size(evaluation.category_ids);
  const Index limits = size(options.max_dets);
  evaluation.precision =
      CocoTable({size(options.iou_thresholds), coco_recall_count, categories, size(options.area_ranges), limits});
  evaluation.recall = CocoTable({size(options.iou_thresholds), 1, categories, size(options.area_ranges), limits});
  parallel_pieces(rankings.threads(), rankings.categories() * areas, 1, [&](std::size_t task, std::size_t) {
    const std::size_t category = task / areas, area = task % areas;
    const Index truths = rankings.count_truths(category, options.area_ranges[area]);
    if (truths == 0) return;
    const auto k = static_cast<Index>(category), a = static_cast<Index>(area);
    const std::vector<std::uint8_t> states = gather_states(rankings.ranking(category), area, thresholds);
    for (Index m = 0; m < limits; ++m) {
      const Index max_dets = options.max_dets[static_cast<std::size_t>(m)];
      const std::vector<PrecisionRecall> curves = accumulate_ranking(
          rankings.ranking(category), states, thresholds, truths, max_dets, [](const RankedDetection&) { return 1; });
      for (Index t = 0; t < size(curves); ++t) {
        const PrecisionRecall& curve = curves[static_cast<std::size_t>(t)];
        evaluation.recall(t, 0, k, a, m) = curve.recall;
        for (Index r = 0; r < coco_recall_count; ++r)
          evaluation.precision(t, r, k, a, m) = curve.precision[static_cast<std::size_t>(r)];
      }
    }
  });
}

/// Counts of a category at IoU 0.5 and the first area range; only those of ground truths if 0.5 is not evaluated.
inline CocoCounts count_iou50(const CocoRankings& rankings, const CocoEvalOptions& options, std::size_t category) {
  const Index iou50 = find_threshold(options, 0.5);
  CocoCounts counts;
  if (iou50 >= 0) counts = count_states(rankings.ranking(category), static_cast<std::size_t>(iou50));
  counts.n_gt = rankings.count_truths(category, options.area_ranges.front());
  counts.n_gt_ignored = rankings.count_truths(category) - counts.n_gt;
  return counts;
}

}  // namespace detail

/// Evaluates detections as pycocotools' `COCOeval` does for boxes, equal to it in every digit up to the summation order
/// of means; uses all cores. See docs/metrics.md for the rules and for what `fix_known_bugs` changes.
/// @throws Error for unusable options, a detection of an unknown image, a repeated id, or a box, area or score that is
/// negative or not finite; the message names the entry.
inline CocoEvaluation evaluate_coco(const CocoDataset& dataset, std::span<const CocoResult> results,
                                    const CocoEvalOptions& options = {}) {
  CocoEvaluation evaluation;
  evaluation.options = detail::checked(options);
  const detail::CocoRankings rankings(dataset, results, evaluation.options);
  const detail::EvalProblem& problem = rankings.problem();
  evaluation.dropped_annotations = static_cast<Index>(dataset.annotations.size() - problem.truths.size());
  evaluation.dropped_results = static_cast<Index>(results.size() - problem.detections.size());
  evaluation.category_ids = options.use_categories ? problem.category_ids : std::vector<std::int64_t>{-1};
  detail::accumulate(rankings, evaluation);
  detail::summarize(evaluation);
  for (std::size_t k = 0; k < rankings.categories(); ++k) {
    evaluation.per_category.push_back(detail::summarize_category(evaluation, static_cast<Index>(k)));
    evaluation.per_category.back().counts_iou50 = detail::count_iou50(rankings, evaluation.options, k);
    evaluation.counts_iou50 += evaluation.per_category.back().counts_iou50;
  }
  return evaluation;
}

}  // namespace amdefect
