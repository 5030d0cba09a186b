#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/coco_result.hpp"

namespace amdefect::detail {

/// The part of a table that a mean runs over; a negative index means all.
struct CocoSlice {
  Index threshold = -1, category = -1, area = 0, max_dets = 0;
};

/// Mean of the values above -1; -1 if there is none.
inline double mean_of(const CocoTable& table, const CocoSlice& slice) {
  const auto range = [](Index index, Index count) {
    return index < 0 ? std::pair<Index, Index>(0, count) : std::pair<Index, Index>(index, index + 1);
  };
  const std::pair<Index, Index> thresholds = range(slice.threshold, table.dims()[0]);
  const std::pair<Index, Index> categories = range(slice.category, table.dims()[2]);
  double sum = 0;
  Index count = 0;
  for (Index t = thresholds.first; t < thresholds.second; ++t)
    for (Index r = 0; r < table.dims()[1]; ++r)
      for (Index k = categories.first; k < categories.second; ++k) {
        const double value = table(t, r, k, slice.area, slice.max_dets);
        if (value <= -1) continue;
        sum += value;
        ++count;
      }
  return count ? sum / static_cast<double>(count) : -1;
}

/// Position of the first element that satisfies `condition`, or -1.
template <class Container, class Condition>
Index find_position(const Container& container, Condition&& condition) {
  const auto found = std::find_if(container.begin(), container.end(), condition);
  return found == container.end() ? -1 : found - container.begin();
}

inline Index find_threshold(const CocoEvalOptions& options, double threshold) {
  return find_position(options.iou_thresholds, [&](double t) { return t == threshold; });
}

inline Index last_max_dets(const CocoEvalOptions& options) { return static_cast<Index>(options.max_dets.size()) - 1; }

/// A mean over all categories as pycocotools' `_summarize`: `threshold` 0 means all; -1 if the evaluation has no such
/// area range, limit or threshold.
inline double mean_at(const CocoTable& table, const CocoEvalOptions& options, std::string_view area_name,
                      Index max_dets, double threshold = 0) {
  const Index area = find_position(options.area_ranges, [&](auto& range) { return range.name == area_name; });
  const Index t = threshold > 0 ? find_threshold(options, threshold) : -1;
  if (area < 0 || max_dets < 0 || (threshold > 0 && t < 0)) return -1;
  return mean_of(table, {t, -1, area, max_dets});
}

/// pycocotools' `_summarizeDets`: the first figure is that of max_dets = 100, the others use the third limit.
inline void summarize(CocoEvaluation& evaluation) {
  const CocoEvalOptions& options = evaluation.options;
  const CocoTable &precision = evaluation.precision, &recall = evaluation.recall;
  const Index last = last_max_dets(options);
  const Index at_100 = find_position(options.max_dets, [](Index limit) { return limit == 100; });
  evaluation.stats = {mean_at(precision, options, "all", options.fix_known_bugs ? last : at_100),
                      mean_at(precision, options, "all", 2, 0.5),
                      mean_at(precision, options, "all", 2, 0.75),
                      mean_at(precision, options, "small", 2),
                      mean_at(precision, options, "medium", 2),
                      mean_at(precision, options, "large", 2),
                      mean_at(recall, options, "all", 0),
                      mean_at(recall, options, "all", 1),
                      mean_at(recall, options, "all", 2),
                      mean_at(recall, options, "small", 2),
                      mean_at(recall, options, "medium", 2),
                      mean_at(recall, options, "large", 2)};
  evaluation.map_last_max_dets = mean_of(precision, {-1, -1, 0, last});
}

/// The figures of category number `k` that the tables hold.
inline CocoCategoryResult summarize_category(const CocoEvaluation& evaluation, Index k) {
  const CocoTable &precision = evaluation.precision, &recall = evaluation.recall;
  const Index last = last_max_dets(evaluation.options);
  const Index iou50 = find_threshold(evaluation.options, 0.5), iou75 = find_threshold(evaluation.options, 0.75);
  CocoCategoryResult result;
  result.category_id = evaluation.category_ids[static_cast<std::size_t>(k)];
  result.ap = mean_of(precision, {-1, k, 0, last});
  result.ar = mean_of(recall, {-1, k, 0, last});
  if (iou50 >= 0) result.ap50 = mean_of(precision, {iou50, k, 0, last});
  if (iou75 >= 0) result.ap75 = mean_of(precision, {iou75, k, 0, last});
  for (Index t = 0; t < precision.dims()[0]; ++t) {
    result.ap_by_iou.push_back(mean_of(precision, {t, k, 0, last}));
    result.recall_by_iou.push_back(recall(t, 0, k, 0, last));
  }
  for (Index r = 0; iou50 >= 0 && r < coco_recall_count; ++r)
    result.precision_iou50.push_back(precision(iou50, r, k, 0, last));
  return result;
}

}  // namespace amdefect::detail
