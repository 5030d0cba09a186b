#pragma once

#include <cstdint>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

/// A tensor of normally distributed random numbers.
template <class T>
amdefect::Tensor<T> gaussian_tensor(const amdefect::Shape& shape, std::uint64_t seed) {
  amdefect::Tensor<T> tensor(shape);
  amdefect::Random random(seed);
  for (T& value : tensor) value = static_cast<T>(random.normal());
  return tensor;
}
