#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_iou.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/eval_items.hpp"

namespace amdefect::detail {

/// What became of a detection at one area range and IoU threshold: a sum of these.
enum MatchState : std::uint8_t {
  match_matched = 1,     ///< took a ground truth
  match_ignored = 2,     ///< counts neither as true nor as false positive
  match_took_truth = 4,  ///< took a ground truth that is not ignored (true also where pycocotools' id-0 bug hides it)
};

/// Matches the detections of one group after the other as pycocotools' `evaluateImg` does, for all area ranges and IoU
/// thresholds at once. Keeps its scratch memory; one per thread.
class CocoMatcher {
 public:
  CocoMatcher(const CocoDataset& dataset, std::span<const CocoResult> results, const CocoEvalOptions& options)
      : dataset_(dataset), results_(results), options_(options) {
    for (const double threshold : options.iou_thresholds) floors_.push_back(std::min(threshold, 1 - 1e-10));
    lowest_ = *std::min_element(floors_.begin(), floors_.end());
  }

  /// `detections` in the order of descending score; `states` receives a MatchState for each detection, area range and
  /// threshold (the last one runs fastest).
  void match(std::span<const EvalItem> truths, std::span<const EvalItem> detections, std::uint8_t* states) {
    const std::size_t areas = options_.area_ranges.size(), thresholds = floors_.size();
    load(truths);
    for (const EvalItem& item : detections) {
      const CocoBox& box = results_[static_cast<std::size_t>(item.source)].box;
      const double area = coco_area(box);
      find_candidates(box, area);
      for (std::size_t a = 0; a < areas; ++a) {
        const std::uint8_t unmatched = options_.area_ranges[a].contains(area) ? 0 : match_ignored;
        for (std::size_t t = 0; t < thresholds; ++t)
          *states++ = candidates_.empty() ? unmatched : take_best(a, t, unmatched);
      }
    }
  }

 private:
  struct Truth {
    CocoBox box;
    double area = 0;  ///< of the box
    bool crowd = false, invisible = false;
  };
  struct Candidate {
    std::size_t truth;
    double iou;
  };

  void load(std::span<const EvalItem> items) {
    truths_.clear();
    ignored_.clear();
    for (const EvalItem& item : items) {
      const CocoAnnotation& annotation = dataset_.annotations[static_cast<std::size_t>(item.source)];
      // pycocotools keeps the id of the match as its flag, so that an id of 0 reads as "no match".
      const bool invisible = annotation.id == 0 && !options_.fix_known_bugs;
      truths_.push_back({annotation.box, coco_area(annotation.box), annotation.crowd, invisible});
      for (const AreaRange& range : options_.area_ranges)
        ignored_.push_back(annotation.crowd || !range.contains(annotation.area));
    }
    taken_.assign(ignored_.size() * floors_.size(), 0);
  }

  /// Only these can match at any threshold; usually few.
  void find_candidates(const CocoBox& box, double area) {
    candidates_.clear();
    for (std::size_t i = 0; i < truths_.size(); ++i) {
      const Truth& truth = truths_[i];
      const double iou = coco_iou(box, area, truth.box, truth.area, truth.crowd);
      if (!(iou < lowest_)) candidates_.push_back({i, iou});
    }
  }

  /// Takes the free candidate with the highest IoU, of equal ones the last; ignored ones only where there is no other.
  std::uint8_t take_best(std::size_t area, std::size_t threshold, std::uint8_t unmatched) {
    const std::size_t areas = options_.area_ranges.size();
    for (const std::uint8_t ignored : {std::uint8_t{0}, std::uint8_t{1}}) {
      double best = floors_[threshold];
      const Candidate* match = nullptr;
      for (const Candidate& candidate : candidates_) {
        const std::size_t entry = candidate.truth * areas + area;
        if (ignored_[entry] != ignored || candidate.iou < best) continue;
        if (taken_[entry * floors_.size() + threshold] && !truths_[candidate.truth].crowd) continue;
        best = candidate.iou;
        match = &candidate;
      }
      if (match == nullptr) continue;
      taken_[(match->truth * areas + area) * floors_.size() + threshold] = 1;
      const std::uint8_t found = ignored ? match_ignored : match_took_truth;
      if (truths_[match->truth].invisible) return static_cast<std::uint8_t>(found | unmatched);
      return static_cast<std::uint8_t>(found | match_matched);
    }
    return unmatched;
  }

  const CocoDataset& dataset_;
  std::span<const CocoResult> results_;
  const CocoEvalOptions& options_;
  std::vector<double> floors_;
  double lowest_ = 0;
  std::vector<Truth> truths_;
  std::vector<std::uint8_t> ignored_;  ///< [truth, area range]
  std::vector<std::uint8_t> taken_;    ///< [truth, area range, threshold]
  std::vector<Candidate> candidates_;
};

}  // namespace amdefect::detail
