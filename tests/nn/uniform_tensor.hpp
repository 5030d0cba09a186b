#pragma once

#include <cstdint>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

/// A tensor of random numbers from -1 to 1.
inline amdefect::Tensor<float> uniform_tensor(const amdefect::Shape& shape, std::uint64_t seed) {
  amdefect::Random random(seed);
  amdefect::Tensor<float> tensor(shape);
  for (float& value : tensor) value = static_cast<float>(random.uniform(-1, 1));
  return tensor;
}
