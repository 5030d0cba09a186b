#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_matching.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/coco_result.hpp"
#include "amdefect/metrics/eval_items.hpp"

namespace amdefect::detail {

/// A detection in the ranking of its category.
struct RankedDetection {
  double score = 0;
  const std::uint8_t* states = nullptr;  ///< MatchState [area range, threshold]
  Index rank = 0;                        ///< its place among the detections of its image
  Index image = 0;                       ///< index of its image id in ascending order
};

/// All detections, matched per image and category and ranked per category (without categories: per image and overall).
/// The memory it needs is linear in the number of ground truths and detections.
class CocoRankings {
 public:
  /// `options` as `checked` returns them; all arguments must outlive this object.
  CocoRankings(const CocoDataset& dataset, std::span<const CocoResult> results, const CocoEvalOptions& options)
      : dataset_(dataset), results_(results), options_(options), problem_(prepare_evaluation(dataset, results)) {
    sort_into_groups();
    match_groups();
    rank_categories();
  }

  CocoRankings(const CocoRankings&) = delete;
  CocoRankings& operator=(const CocoRankings&) = delete;

  int threads() const { return worthwhile_threads(options_.threads, results_.size()); }
  const EvalProblem& problem() const { return problem_; }
  std::size_t categories() const { return rankings_.size(); }
  /// The detections of a category by descending score, equal ones by image id and then as ranked in their image.
  std::span<const RankedDetection> ranking(std::size_t category) const { return rankings_[category]; }

  /// Ground truths of a category, and those of them that are not ignored.
  Index count_truths(std::size_t category) const {
    Index count = 0;
    for (const EvalGroup& group : groups_of(category)) count += static_cast<Index>(group.truths.size());
    return count;
  }
  Index count_truths(std::size_t category, const AreaRange& range) const {
    const std::vector<Index> counts = count_truths_by_image(category, range);
    return std::accumulate(counts.begin(), counts.end(), Index{0});
  }
  std::vector<Index> count_truths_by_image(std::size_t category, const AreaRange& range) const {
    std::vector<Index> counts(problem_.image_ids.size());
    for (const EvalGroup& group : groups_of(category))
      for (const EvalItem& item : group.truths) {
        const CocoAnnotation& annotation = dataset_.annotations[static_cast<std::size_t>(item.source)];
        if (!annotation.crowd && range.contains(annotation.area)) ++counts[static_cast<std::size_t>(item.image)];
      }
    return counts;
  }

 private:
  const CocoResult& result(const EvalItem& item) const { return results_[static_cast<std::size_t>(item.source)]; }
  std::size_t category_of(const EvalItem& item) const {
    return options_.use_categories ? static_cast<std::size_t>(item.category) : 0;
  }
  std::size_t states_per_detection() const { return options_.area_ranges.size() * options_.iou_thresholds.size(); }
  std::size_t first_state(const EvalGroup& group) const {
    return static_cast<std::size_t>(group.detections.data() - problem_.detections.data()) * states_per_detection();
  }
  std::span<const EvalGroup> groups_of(std::size_t category) const {
    return std::span(groups_).subspan(first_group_[category], first_group_[category + 1] - first_group_[category]);
  }

  /// A group per category and image, or per image with its items by category.
  void sort_into_groups() {
    for (std::vector<EvalItem>* items : {&problem_.truths, &problem_.detections}) {
      if (!options_.use_categories) sort_items(*items, &EvalItem::category, problem_.category_ids.size());
      sort_items(*items, &EvalItem::image, problem_.image_ids.size());
      if (options_.use_categories) sort_items(*items, &EvalItem::category, problem_.category_ids.size());
    }
    groups_ = group_items(problem_.truths, problem_.detections,
                          [&](const EvalItem& item) { return std::pair(category_of(item), item.image); });
    const std::size_t count = options_.use_categories ? problem_.category_ids.size() : 1;
    rankings_.resize(count);
    first_group_.assign(count + 1, 0);
    for (const EvalGroup& group : groups_)
      ++first_group_[category_of(group.truths.empty() ? group.detections[0] : group.truths[0]) + 1];
    for (std::size_t k = 0; k < count; ++k) first_group_[k + 1] += first_group_[k];
  }

  /// Puts the detections of each group into the order of descending score and matches the first ones.
  void match_groups() {
    const auto limit = static_cast<std::size_t>(options_.max_dets.back());
    states_.resize(problem_.detections.size() * states_per_detection());
    parallel_pieces(threads(), groups_.size(), 64, [&](std::size_t begin, std::size_t end) {
      CocoMatcher matcher(dataset_, results_, options_);
      for (EvalGroup& group : std::span(groups_).subspan(begin, end - begin)) {
        std::sort(group.detections.begin(), group.detections.end(), [&](const EvalItem& a, const EvalItem& b) {
          return std::tuple(result(b).score, a.category, a.source) < std::tuple(result(a).score, b.category, b.source);
        });
        group.detections = group.detections.first(std::min(group.detections.size(), limit));
        matcher.match(group.truths, group.detections, states_.data() + first_state(group));
      }
    });
  }

  void rank_categories() {
    parallel_pieces(threads(), rankings_.size(), 1, [&](std::size_t category, std::size_t) {
      std::vector<RankedDetection>& ranking = rankings_[category];
      for (const EvalGroup& group : groups_of(category)) {
        const std::uint8_t* states = states_.data() + first_state(group);
        for (std::size_t i = 0; i < group.detections.size(); ++i, states += states_per_detection())
          ranking.push_back(
              {result(group.detections[i]).score, states, static_cast<Index>(i), group.detections[i].image});
      }
      std::stable_sort(ranking.begin(), ranking.end(), [](auto& a, auto& b) { return a.score > b.score; });
    });
  }

  const CocoDataset& dataset_;
  std::span<const CocoResult> results_;
  const CocoEvalOptions& options_;
  EvalProblem problem_;
  std::vector<EvalGroup> groups_;
  std::vector<std::size_t> first_group_;  ///< of each category, and the end
  std::vector<std::uint8_t> states_;      ///< [detection, area range, threshold]
  std::vector<std::vector<RankedDetection>> rankings_;
};

}  // namespace amdefect::detail
