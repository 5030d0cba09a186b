#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// The middle one of numbers, the larger of two. @throws Error if there are none.
inline double median(std::vector<double> numbers) {
  require(!numbers.empty(), "median: no numbers");
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

}  // namespace amdefect
