#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/f1_score.hpp"

namespace amdefect {

/// The detections with scores from `low` to below `high`.
struct CalibrationBin {
  double low = 0, high = 0;
  Index detections = 0;
  double mean_score = 0, precision = 0;  ///< 0 without detections
};

/// Whether scores are what they look like, the probability of being right: in each bin the precision is then the mean
/// score.
struct Calibration {
  std::vector<CalibrationBin> bins;
  Index detections = 0;

  /// The mean of |precision - mean score| over the detections (Guo et al. 2017, arXiv:1706.04599); 0 without any.
  double expected_error() const {
    double sum = 0;
    for (const CalibrationBin& bin : bins)
      sum += static_cast<double>(bin.detections) * std::abs(bin.precision - bin.mean_score);
    return detections ? sum / static_cast<double>(detections) : 0;
  }
};

/// Of the detections of a curve, in `count` bins of equal width from 0 to 1; scores beyond are in the first and last.
/// @throws Error unless there is at least one bin.
inline Calibration calibration(const ScoreCurve& curve, Index count = 10) {
  require(count > 0, "calibration: expected at least one bin, got ", count);
  const auto bins = static_cast<double>(count);
  Calibration result;
  for (Index i = 0; i < count; ++i)
    result.bins.push_back({static_cast<double>(i) / bins, static_cast<double>(i + 1) / bins});
  Index hits = 0, misses = 0;  // of the scores before
  for (const ScorePoint& point : curve.points) {
    const auto index = static_cast<Index>(std::clamp(std::floor(point.threshold * bins), 0.0, bins - 1));
    CalibrationBin& bin = result.bins[static_cast<std::size_t>(index)];
    const Index right = point.counts.tp - hits, all = right + point.counts.fp - misses;
    bin.detections += all;
    bin.mean_score += static_cast<double>(all) * point.threshold;  // sums until all are seen
    bin.precision += static_cast<double>(right);
    hits = point.counts.tp;
    misses = point.counts.fp;
  }
  result.detections = hits + misses;
  for (CalibrationBin& bin : result.bins)
    if (bin.detections > 0) {
      bin.mean_score /= static_cast<double>(bin.detections);
      bin.precision /= static_cast<double>(bin.detections);
    }
  return result;
}

}  // namespace amdefect
