#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_options.hpp"

namespace amdefect {

/// A table indexed [threshold, recall, category, area range, max_dets] (precision) or the same without recall, in the
/// memory order of pycocotools' `eval['precision']` and `eval['recall']`. -1 where a category has no ground truth.
class CocoTable {
 public:
  CocoTable() = default;
  explicit CocoTable(const std::array<Index, 5>& dims) : dims_(dims) {
    values_.assign(static_cast<std::size_t>(dims[0] * dims[1] * dims[2] * dims[3] * dims[4]), -1);
  }

  double& operator()(Index t, Index r, Index k, Index a, Index m) { return values_[flat(t, r, k, a, m)]; }
  double operator()(Index t, Index r, Index k, Index a, Index m) const { return values_[flat(t, r, k, a, m)]; }
  const std::array<Index, 5>& dims() const { return dims_; }
  const std::vector<double>& values() const { return values_; }

 private:
  std::size_t flat(Index t, Index r, Index k, Index a, Index m) const {
    return static_cast<std::size_t>((((t * dims_[1] + r) * dims_[2] + k) * dims_[3] + a) * dims_[4] + m);
  }

  std::array<Index, 5> dims_{};
  std::vector<double> values_;
};

/// What became of ground truths and detections at one IoU threshold and area range, after the cut at `max_dets`.
struct CocoCounts {
  Index n_gt = 0;          ///< not ignored
  Index n_gt_ignored = 0;  ///< crowds and areas out of range
  Index gt_matched = 0;    ///< not ignored
  Index n_dt = 0;
  Index dt_matched = 0;    ///< whatever the ignore state
  Index dt_unmatched = 0;  ///< whatever the ignore state
  Index dt_ignored = 0;
  Index tp = 0;  ///< matched and not ignored
  Index fp = 0;  ///< unmatched and not ignored

  CocoCounts& operator+=(const CocoCounts& other) {
    n_gt += other.n_gt;
    n_gt_ignored += other.n_gt_ignored;
    gt_matched += other.gt_matched;
    n_dt += other.n_dt;
    dt_matched += other.dt_matched;
    dt_unmatched += other.dt_unmatched;
    dt_ignored += other.dt_ignored;
    tp += other.tp;
    fp += other.fp;
    return *this;
  }
  friend bool operator==(const CocoCounts&, const CocoCounts&) = default;
};

/// Figures of one category: first area range, last of `max_dets`. -1 means undefined (no ground truth).
struct CocoCategoryResult {
  std::int64_t category_id = 0;
  double ap = -1, ap50 = -1, ap75 = -1, ar = -1;
  std::vector<double> ap_by_iou, recall_by_iou;
  std::vector<double> precision_iou50;  ///< at the 101 recall values
  CocoCounts counts_iou50;
};

/// Indices into the 12 figures of COCO, in the order in which pycocotools prints them; `ar_max0` is the recall at the
/// first of `max_dets`.
enum CocoStat : std::size_t {
  stat_ap,
  stat_ap50,
  stat_ap75,
  stat_ap_small,
  stat_ap_medium,
  stat_ap_large,
  stat_ar_max0,
  stat_ar_max1,
  stat_ar_max2,
  stat_ar_small,
  stat_ar_medium,
  stat_ar_large,
  coco_stat_count
};

/// What `evaluate_coco` finds.
struct CocoEvaluation {
  CocoEvalOptions options;
  std::vector<std::int64_t> category_ids;  ///< ascending; {-1} without categories
  CocoTable precision;                     ///< [T, 101, K, A, M]
  CocoTable recall;                        ///< [T, 1, K, A, M]
  std::array<double, coco_stat_count> stats{};
  double map_last_max_dets = -1;  ///< mean AP at the last of `max_dets`; see `CocoEvalOptions::fix_known_bugs`
  std::vector<CocoCategoryResult> per_category;
  CocoCounts counts_iou50;                             ///< summed over the categories
  Index dropped_annotations = 0, dropped_results = 0;  ///< of unknown images or categories
};

}  // namespace amdefect
