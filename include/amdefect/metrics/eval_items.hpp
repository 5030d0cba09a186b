#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/parallel.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_validate.hpp"

namespace amdefect::detail {

/// A ground truth or detection under evaluation: its index in the input, and those of its image and category in
/// ascending order of the ids.
struct EvalItem {
  Index source = 0, image = 0, category = 0;
};

/// What can take part in an evaluation.
struct EvalProblem {
  std::vector<std::int64_t> image_ids, category_ids;  ///< ascending
  std::vector<EvalItem> truths, detections;           ///< in input order
};

/// Checks the input and leaves out what pycocotools leaves out: annotations of unknown images or categories, and
/// detections of unknown categories. @throws Error that names a detection of an unknown image, a repeated id, a
/// negative size, or a number that is not finite.
inline EvalProblem prepare_evaluation(const CocoDataset& dataset, std::span<const CocoResult> results) {
  require_unique_ids<Error>("evaluation: ", dataset);
  EvalProblem problem{sorted_ids(dataset.images), sorted_ids(dataset.categories), {}, {}};
  for (std::size_t i = 0; i < dataset.annotations.size(); ++i) {
    const CocoAnnotation& annotation = dataset.annotations[i];
    require_sound<Error>("evaluation: ", "annotations", i, annotation.box, "area", annotation.area);
    const Index image = find_id(problem.image_ids, annotation.image_id);
    const Index category = find_id(problem.category_ids, annotation.category_id);
    if (image >= 0 && category >= 0) problem.truths.push_back({static_cast<Index>(i), image, category});
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const CocoResult& result = results[i];
    require_sound<Error>("evaluation: ", "results", i, result.box, "score", result.score);
    const Index image = find_id(problem.image_ids, result.image_id);
    require<Error>(image >= 0, "evaluation: results[", i, "]: there is no image with id ", result.image_id);
    const Index category = find_id(problem.category_ids, result.category_id);
    if (category >= 0) problem.detections.push_back({static_cast<Index>(i), image, category});
  }
  return problem;
}

/// Stable counting sort by `key`, which is below `count`.
inline void sort_items(std::vector<EvalItem>& items, Index EvalItem::*key, std::size_t count) {
  std::vector<std::size_t> start(count + 1, 0);
  for (const EvalItem& item : items) ++start[static_cast<std::size_t>(item.*key) + 1];
  for (std::size_t i = 0; i < count; ++i) start[i + 1] += start[i];
  std::vector<EvalItem> sorted(items.size());
  for (const EvalItem& item : items) sorted[start[static_cast<std::size_t>(item.*key)]++] = item;
  items = std::move(sorted);
}

/// Ground truths and detections that can match each other.
struct EvalGroup {
  std::span<const EvalItem> truths;
  std::span<EvalItem> detections;
};

/// Splits two lists, both sorted by `key(item)`, into groups of equal keys, ascending.
template <class Key>
std::vector<EvalGroup> group_items(std::span<const EvalItem> truths, std::span<EvalItem> detections, Key&& key) {
  std::vector<EvalGroup> groups;
  std::size_t truth = 0, detection = 0;
  while (truth < truths.size() || detection < detections.size()) {
    const bool take_truth =
        detection == detections.size() || (truth < truths.size() && key(truths[truth]) < key(detections[detection]));
    const auto value = take_truth ? key(truths[truth]) : key(detections[detection]);
    const std::size_t first_truth = truth, first_detection = detection;
    while (truth < truths.size() && key(truths[truth]) == value) ++truth;
    while (detection < detections.size() && key(detections[detection]) == value) ++detection;
    groups.push_back({truths.subspan(first_truth, truth - first_truth),
                      detections.subspan(first_detection, detection - first_detection)});
  }
  return groups;
}

/// Threads worth using: waking them takes longer than evaluating a few detections.
inline int worthwhile_threads(int requested, std::size_t detections) { return detections < 2000 ? 1 : requested; }

/// Calls `body(begin, end)` for pieces of [0, count) of at most `piece`, handed out to the threads as they become free.
template <class Body>
void parallel_pieces(int threads, std::size_t count, std::size_t piece, Body&& body) {
  std::atomic<std::size_t> next{0};
  parallel_for(threads, resolve_threads(threads), [&](Index, Index, int) {
    for (std::size_t begin = next.fetch_add(piece); begin < count; begin = next.fetch_add(piece))
      body(begin, std::min(begin + piece, count));
  });
}

}  // namespace amdefect::detail
