#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// A score in [0, 1], and whether the detection that has it is right.
struct JudgedScore {
  double score = 0;
  bool right = false;
};

/// The probability that a detection is right as a smooth function of its score: a logistic regression on the score's
/// logit, with the targets of Platt (1999, Probabilistic outputs for support vector machines), so that few or flawless
/// examples give no probability of 0 or 1.
class ScoreProbability {
 public:
  /// Without examples the score itself.
  explicit ScoreProbability(const std::vector<JudgedScore>& examples) {
    const auto right = static_cast<double>(
        std::count_if(examples.begin(), examples.end(), [](const JudgedScore& example) { return example.right; }));
    const double wrong = static_cast<double>(examples.size()) - right;
    if (right == 0 || wrong == 0) return;
    const double high = (right + 1) / (right + 2), low = 1 / (wrong + 2);
    for (int step = 0; step < 50; ++step) {  // Newton's method; the sum is convex
      double slope_1 = 0, offset_1 = 0, slope_2 = 1e-6, mixed_2 = 0, offset_2 = 1e-6;
      for (const JudgedScore& example : examples) {
        const double x = logit(example.score), p = logistic(slope_ * x + offset_);
        const double error = p - (example.right ? high : low), weight = p * (1 - p);
        slope_1 += error * x, offset_1 += error;
        slope_2 += weight * x * x, mixed_2 += weight * x, offset_2 += weight;
      }
      const double determinant = slope_2 * offset_2 - mixed_2 * mixed_2;
      const double slope = (offset_2 * slope_1 - mixed_2 * offset_1) / determinant;
      const double offset = (slope_2 * offset_1 - mixed_2 * slope_1) / determinant;
      const double shorten = std::min(1.0, 2 / std::max({std::abs(slope), std::abs(offset), 1e-12}));
      slope_ -= shorten * slope;
      offset_ -= shorten * offset;
      if (std::max(std::abs(slope), std::abs(offset)) < 1e-9) break;
    }
    slope_ = std::max(slope_, 0.0);  // a higher score is never worse
  }

  double operator()(double score) const { return logistic(slope_ * logit(score) + offset_); }

 private:
  static double logistic(double x) { return 1 / (1 + std::exp(-x)); }
  static double logit(double score) {
    const double inner = std::clamp(score, 1e-4, 1 - 1e-4);
    return std::log(inner / (1 - inner));
  }

  double slope_ = 1, offset_ = 0;
};

}  // namespace amdefect
