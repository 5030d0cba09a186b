#pragma once

#include <cmath>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// How a parameter gets its first values.
enum class Initializer {
  zeros,
  ones,
  glorot_uniform,  ///< uniform in +-sqrt(6 / (fan_in + fan_out)), Glorot and Bengio (2010); Keras' default
  he_normal,       ///< Gaussian with deviation sqrt(2 / fan_in), He et al. (2015); for layers followed by ReLU
  small_normal,    ///< Gaussian with deviation 0.02, as for the embeddings of transformers
};

/// Fills a kernel shaped (..., in, out). As in Keras, fan_in = receptive field x in and fan_out = receptive field x
/// out.
template <class T>
void initialize(TensorView<T> values, Initializer initializer, Random random) {
  if (initializer == Initializer::zeros) return values.fill(T{0});
  if (initializer == Initializer::ones) return values.fill(T{1});
  if (initializer == Initializer::small_normal) {
    for (T& value : values) value = static_cast<T>(random.normal(0, 0.02));
    return;
  }
  const std::size_t rank = values.rank();
  const Index out = values.dim(rank - 1);
  const Index in = rank > 1 ? values.dim(rank - 2) : 1;
  const Index receptive = values.size() / std::max<Index>(1, in * out);
  const auto fan_in = static_cast<double>(receptive * in);
  const auto fan_out = static_cast<double>(receptive * out);
  const double limit = std::sqrt(6 / (fan_in + fan_out));
  const double deviation = std::sqrt(2 / fan_in);
  for (T& value : values)
    value = static_cast<T>(initializer == Initializer::glorot_uniform ? random.uniform(-limit, limit)
                                                                      : random.normal(0, deviation));
}

}  // namespace amdefect
