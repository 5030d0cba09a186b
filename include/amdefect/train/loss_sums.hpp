#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "amdefect/core/shape.hpp"

namespace amdefect::detail {

/// Running totals of the loss parts over an epoch; each batch counts as often as it has samples.
struct LossSums {
  explicit LossSums(std::size_t parts = 0) : totals(parts) {}

  void add(std::span<const double> parts, Index count) {
    for (std::size_t i = 0; i < parts.size(); ++i) totals[i] += parts[i] * static_cast<double>(count);
    samples += count;
  }
  std::vector<double> means() const {
    std::vector<double> means = totals;
    for (double& mean : means) mean /= static_cast<double>(std::max<Index>(samples, 1));
    return means;
  }
  double mean() const {
    double total = 0;
    for (const double part : totals) total += part;
    return total / static_cast<double>(std::max<Index>(samples, 1));
  }

  std::vector<double> totals;
  Index samples = 0;
};

}  // namespace amdefect::detail
