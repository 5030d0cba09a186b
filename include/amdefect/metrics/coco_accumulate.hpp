#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_matching.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/coco_ranking.hpp"
#include "amdefect/metrics/coco_result.hpp"
#include "amdefect/metrics/rounding.hpp"

namespace amdefect::detail {

/// Precision at COCO's recall values and the final recall, of one IoU threshold.
struct PrecisionRecall {
  std::array<double, coco_recall_count> precision{};
  double recall = 0;
};

/// The precision at each recall value, from the precision at each true positive in the order of the ranking: the
/// largest one at that recall or beyond it, 0 if the recall is not reached.
inline PrecisionRecall interpolate(std::vector<double> precisions, Index truths) {
  for (std::size_t i = precisions.size(); i-- > 1;) precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
  PrecisionRecall result;
  result.recall = quotient(static_cast<double>(precisions.size()), static_cast<double>(truths));
  std::size_t found = 0;
  for (Index k = 0; k < coco_recall_count; ++k) {
    while (found < precisions.size() &&
           quotient(static_cast<double>(found + 1), static_cast<double>(truths)) < coco_recall(k))
      ++found;
    if (found == precisions.size()) break;
    result.precision[static_cast<std::size_t>(k)] = precisions[found];
  }
  return result;
}

/// The states of a ranking at one area range, in its order: [detection, threshold].
inline std::vector<std::uint8_t> gather_states(std::span<const RankedDetection> ranking, std::size_t area,
                                               std::size_t thresholds) {
  std::vector<std::uint8_t> states;
  states.reserve(ranking.size() * thresholds);
  for (const RankedDetection& detection : ranking) {
    const std::uint8_t* const first = detection.states + area * thresholds;
    states.insert(states.end(), first, first + thresholds);
  }
  return states;
}

/// Goes through the ranking of a category once: the curves of all IoU thresholds, for one area range and `max_dets`.
/// `states` as `gather_states` gives them; `truths` is the number of ground truths that are not ignored, at least 1. A
/// detection counts `copies(detection)` times.
template <class Copies>
std::vector<PrecisionRecall> accumulate_ranking(std::span<const RankedDetection> ranking,
                                                const std::vector<std::uint8_t>& states, std::size_t thresholds,
                                                Index truths, Index max_dets, const Copies& copies) {
  struct Progress {
    Index tp = 0, fp = 0;
    std::vector<double> precisions;
  };
  std::vector<Progress> progress(thresholds);
  const std::uint8_t* state = states.data();
  for (const RankedDetection& detection : ranking) {
    const Index times = detection.rank < max_dets ? copies(detection) : 0;
    if (times == 0) {
      state += thresholds;
      continue;
    }
    for (Progress& at : progress) {
      const std::uint8_t here = *state++;
      if (here & match_ignored) continue;
      if (!(here & match_matched)) {
        at.fp += times;
        continue;
      }
      for (Index copy = 0; copy < times; ++copy) {
        ++at.tp;
        at.precisions.push_back(static_cast<double>(at.tp) /
                                (static_cast<double>(at.fp + at.tp) + std::numeric_limits<double>::epsilon()));
      }
    }
  }
  std::vector<PrecisionRecall> curves;
  curves.reserve(progress.size());
  for (Progress& at : progress) curves.push_back(interpolate(std::move(at.precisions), truths));
  return curves;
}

/// Counts the states at one area range and threshold (`offset` in the states of a detection).
inline CocoCounts count_states(std::span<const RankedDetection> ranking, std::size_t offset) {
  CocoCounts counts;
  for (const RankedDetection& detection : ranking) {
    const std::uint8_t state = detection.states[offset];
    const bool matched = state & match_matched, ignored = state & match_ignored;
    ++counts.n_dt;
    ++(matched ? counts.dt_matched : counts.dt_unmatched);
    if (ignored)
      ++counts.dt_ignored;
    else
      ++(matched ? counts.tp : counts.fp);
    if (state & match_took_truth) ++counts.gt_matched;
  }
  return counts;
}

}  // namespace amdefect::detail
