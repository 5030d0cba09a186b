#pragma once

#include <algorithm>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// Small integers: sums of their products are exact in float, so that the order of summation does not matter.
template <class T>
Tensor<T> integers(Index size, Random& random) {
  Tensor<T> tensor({size});
  for (T& value : tensor) value = static_cast<T>(random.integer(7) - 3);
  return tensor;
}

template <class T>
bool equal(const Tensor<T>& a, const Tensor<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace amdefect
