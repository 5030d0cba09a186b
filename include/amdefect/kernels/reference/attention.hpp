#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "amdefect/kernels/attention.hpp"

namespace amdefect::reference {

/// Self-attention by plain loops, without dropout; see `amdefect::attention_forward`.
template <class T>
void attention_forward(const AttentionGeometry& g, const T* qkv, T* out) {
  const Index width = g.width(), stride = 3 * width;
  std::vector<T> weight(static_cast<std::size_t>(g.tokens));
  for (Index sample = 0; sample < g.batch; ++sample)
    for (Index head = 0; head < g.heads; ++head)
      for (Index i = 0; i < g.tokens; ++i) {
        const T* rows = qkv + sample * g.tokens * stride + head * g.head_size;
        T sum = 0;
        for (Index j = 0; j < g.tokens; ++j) {
          T dot = 0;
          for (Index c = 0; c < g.head_size; ++c) dot += rows[i * stride + c] * rows[j * stride + width + c];
          weight[static_cast<std::size_t>(j)] = dot / std::sqrt(static_cast<T>(g.head_size));
        }
        const T most = *std::max_element(weight.begin(), weight.end());
        for (T& w : weight) sum += w = std::exp(w - most);
        for (Index c = 0; c < g.head_size; ++c) {
          T mean = 0;
          for (Index j = 0; j < g.tokens; ++j)
            mean += weight[static_cast<std::size_t>(j)] / sum * rows[j * stride + 2 * width + c];
          out[(sample * g.tokens + i) * width + head * g.head_size + c] = mean;
        }
      }
}

}  // namespace amdefect::reference
