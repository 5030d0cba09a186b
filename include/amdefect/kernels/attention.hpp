#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "amdefect/core/parallel.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/kernels/gemm.hpp"
#include "amdefect/kernels/softmax.hpp"

/// Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv:1706.03762), computed for blocks of
/// queries, so that memory grows with the number of tokens, not with its square. A plain twin is in
/// kernels/reference/attention.hpp.
namespace amdefect {

/// Sizes of self-attention, and what is dropped while training.
struct AttentionGeometry {
  Index batch = 1, tokens = 1, heads = 1, head_size = 1;
  double dropout = 0;               ///< each weight is 0 with this probability, else 1 / (1 - dropout) times as large
  std::uint64_t dropout_state = 0;  ///< state of the random numbers that decide, the same in forward and backward

  Index width() const { return heads * head_size; }
};

namespace detail {

/// The queries, keys and values of one head of one sample, and what one thread needs to work on them.
template <class T>
class AttentionHead {
 public:
  static constexpr Index block = 64;  ///< queries at a time

  /// Elements of scratch memory for each thread.
  static Index scratch(const AttentionGeometry& g, bool backward) {
    const Index packed = std::max({gemm_scratch<T>(g.tokens, g.head_size), gemm_scratch<T>(g.head_size, g.tokens),
                                   gemm_scratch<T>(g.head_size, block)});
    const Index scores = block * g.tokens, head = g.tokens * g.head_size;
    const Index forward = rounded(packed + scores + head);
    return backward ? rounded(forward + 2 * scores + 2 * head) : forward;
  }

  /// `item` counts samples and their heads; `qkv` has rows of 3 width: queries, keys, values.
  AttentionHead(const AttentionGeometry& g, Index item, const T* qkv, T* scratch)
      : g_(g),
        first_row_(item / g.heads * g.tokens),
        column_(item % g.heads * g.head_size),
        stream_(static_cast<std::uint64_t>(item * g.tokens)),
        qkv_(qkv + first_row_ * 3 * g.width() + column_) {
    scores_ = scratch;
    transposed_keys_ = scores_ + block * g.tokens;
    packed_ = transposed_keys_ + g.tokens * g.head_size;
  }

  /// Writes this head's columns of rows of `width`.
  void forward(T* out) {
    transpose(g_.tokens, g_.head_size, keys(), stride(), transposed_keys_);
    for (Index first = 0; first < g_.tokens; first += block) {
      const Index rows = std::min(block, g_.tokens - first);
      weights(first, rows, scores_);
      drop(first, rows, scores_);
      gemm(serial, rows, g_.head_size, g_.tokens, scores_, g_.tokens, values(), stride(),
           out + (first_row_ + first) * g_.width() + column_, g_.width(), packed_);
    }
  }

  /// Writes this head's columns of the gradient of `qkv`, from the gradient of the output.
  void backward(const T* dout, T* dqkv) {
    T* dscores = scores_ + scratch(g_, false);
    T* transposed = dscores + block * g_.tokens;
    T *transposed_values = transposed + block * g_.tokens, *part = transposed_values + g_.tokens * g_.head_size;
    const T* dy = dout + first_row_ * g_.width() + column_;
    T* dqueries = dqkv + first_row_ * stride() + column_;
    T *dkeys = dqueries + g_.width(), *dvalues = dkeys + g_.width();
    transpose(g_.tokens, g_.head_size, keys(), stride(), transposed_keys_);
    transpose(g_.tokens, g_.head_size, values(), stride(), transposed_values);
    for (Index first = 0; first < g_.tokens; first += block) {
      const Index rows = std::min(block, g_.tokens - first);
      const T* dy_block = dy + first * g_.width();
      weights(first, rows, scores_);
      gemm(serial, rows, g_.tokens, g_.head_size, dy_block, g_.width(), transposed_values, g_.tokens, dscores,
           g_.tokens, packed_);
      drop(first, rows, dscores);
      score_gradient(rows, dscores);
      gemm(serial, rows, g_.head_size, g_.tokens, dscores, g_.tokens, keys(), stride(), dqueries + first * stride(),
           stride(), packed_);
      add_product(first, rows, dscores, queries() + first * stride(), stride(), transposed, part, dkeys);
      drop(first, rows, scores_);
      add_product(first, rows, scores_, dy_block, g_.width(), transposed, part, dvalues);
    }
  }

 private:
  static constexpr Execution serial{.threads = 1};

  static Index rounded(Index elements) {
    constexpr Index line = 64 / static_cast<Index>(sizeof(T));
    return (elements + line - 1) / line * line;
  }
  Index stride() const { return 3 * g_.width(); }
  const T* queries() const { return qkv_; }
  const T* keys() const { return qkv_ + g_.width(); }
  const T* values() const { return qkv_ + 2 * g_.width(); }
  T scale() const { return static_cast<T>(1 / std::sqrt(static_cast<double>(g_.head_size))); }

  static void transpose(Index rows, Index columns, const T* from, Index from_stride, T* to) {
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) to[j * rows + i] = from[i * from_stride + j];
  }

  /// softmax(queries keys^T / sqrt(head_size)) for a block of queries.
  void weights(Index first, Index rows, T* result) {
    gemm(serial, rows, g_.tokens, g_.head_size, queries() + first * stride(), stride(), transposed_keys_, g_.tokens,
         result, g_.tokens, packed_);
    softmax_rows(rows, g_.tokens, scale(), result);
  }
  /// Dropout of the weights of a block, each query with its own stream.
  void drop(Index first, Index rows, T* values) const {
    if (g_.dropout == 0) return;
    const T factor = static_cast<T>(1 / (1 - g_.dropout));
    for (Index row = 0; row < rows; ++row) {
      Random random(g_.dropout_state, stream_ + static_cast<std::uint64_t>(first + row));
      for (Index j = 0; j < g_.tokens; ++j) {
        T& value = values[row * g_.tokens + j];
        value = random.chance(g_.dropout) ? T{0} : value * factor;
      }
    }
  }
  /// Turns the gradient of the weights into that of queries keys^T.
  void score_gradient(Index rows, T* gradient) const {
    for (Index row = 0; row < rows; ++row) {
      const ConstArrayMap<T> weight(scores_ + row * g_.tokens, g_.tokens);
      ArrayMap<T> d(gradient + row * g_.tokens, g_.tokens);
      d = weight * (d - (weight * d).sum()) * scale();
    }
  }
  /// sum += a^T b over a block of rows; writes it for the first block.
  void add_product(Index first, Index rows, const T* a, const T* b, Index b_stride, T* transposed, T* part, T* sum) {
    transpose(rows, g_.tokens, a, g_.tokens, transposed);
    if (first == 0)
      return gemm(serial, g_.tokens, g_.head_size, rows, transposed, rows, b, b_stride, sum, stride(), packed_);
    gemm(serial, g_.tokens, g_.head_size, rows, transposed, rows, b, b_stride, part, g_.head_size, packed_);
    for (Index i = 0; i < g_.tokens; ++i)
      ArrayMap<T>(sum + i * stride(), g_.head_size) += ConstArrayMap<T>(part + i * g_.head_size, g_.head_size);
  }

  const AttentionGeometry& g_;
  Index first_row_, column_;
  std::uint64_t stream_;
  const T* qkv_;
  T *scores_, *transposed_keys_, *packed_;
};

}  // namespace detail

/// Elements of scratch memory that the functions below need.
template <class T>
Index attention_scratch(const Execution& execution, const AttentionGeometry& g, bool backward) {
  return resolve_threads(execution.threads) * detail::AttentionHead<T>::scratch(g, backward);
}

/// out = softmax(queries keys^T / sqrt(head_size)) values, head by head. `qkv` has a row of 3 width numbers for each
/// token of each sample: queries, keys and values, in each the heads side by side; `out` has rows of width.
template <class T>
void attention_forward(const Execution& execution, const AttentionGeometry& g, const T* qkv, T* out, T* scratch) {
  parallel_for(execution.threads, g.batch * g.heads, [&](Index begin, Index end, int thread) {
    T* own = scratch + thread * detail::AttentionHead<T>::scratch(g, false);
    for (Index item = begin; item < end; ++item) detail::AttentionHead<T>(g, item, qkv, own).forward(out);
  });
}

/// dqkv = gradient by `qkv`, from the gradient `dout` of the result; the weights are computed again.
template <class T>
void attention_backward(const Execution& execution, const AttentionGeometry& g, const T* qkv, const T* dout, T* dqkv,
                        T* scratch) {
  parallel_for(execution.threads, g.batch * g.heads, [&](Index begin, Index end, int thread) {
    T* own = scratch + thread * detail::AttentionHead<T>::scratch(g, true);
    for (Index item = begin; item < end; ++item) detail::AttentionHead<T>(g, item, qkv, own).backward(dout, dqkv);
  });
}

}  // namespace amdefect
