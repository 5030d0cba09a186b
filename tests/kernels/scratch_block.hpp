#pragma once

#include <limits>

#include "amdefect/core/tensor.hpp"

/// Scratch memory full of NaN, so that a kernel that reads what it did not write is found out.
template <class T>
amdefect::Tensor<T> scratch_block(amdefect::Index size) {
  amdefect::Tensor<T> scratch({size});
  scratch.fill(std::numeric_limits<T>::quiet_NaN());
  return scratch;
}
