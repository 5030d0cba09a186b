#pragma once

#include <algorithm>
#include <string>

namespace amdefect {

/// An example for the test of scripts/mutation_check: some of it is tested well, some of it is not.
inline constexpr int most_digits = 3;

inline int limited_sum(int a, int b, int most) {
  const int sum = a + b;
  if (sum > most) return most;
  return sum;
}

inline int larger(int a, int b) { return std::max(a, b); }

inline int never_called(int a) { return a + 1; }

inline int count_to(int end) {
  int count = 0;
  while (count < end) ++count;
  return count;
}

inline std::string with_dot(const std::string& text) { return text + "."; }

}  // namespace amdefect
