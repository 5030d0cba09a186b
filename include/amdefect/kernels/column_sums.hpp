#pragma once

#include <algorithm>

#include "amdefect/core/parallel.hpp"

namespace amdefect {

/// Sums over the rows of a matrix, `sums` of them per column, whose result does not depend on the number of threads:
/// rows are cut into a fixed number of chunks, each is summed in runs (in T, then in double), and the chunks are added
/// in order.
template <class T>
class ColumnSums {
 public:
  ColumnSums(Index rows, Index columns, Index sums)
      : rows_(rows), entries_(columns * sums), chunks_(std::clamp<Index>(rows / run, 1, max_chunks)) {}

  /// Bytes of scratch memory (64-byte aligned) that `compute` needs.
  std::size_t scratch_bytes() const {
    return static_cast<std::size_t>(chunks_ * entries_) * (sizeof(double) + sizeof(T));
  }

  /// Calls `accumulate(row, partial)` for every row, which adds its terms to the T[columns * sums] partial sums.
  /// Returns the totals, which stay in `scratch`.
  template <class Accumulate>
  const double* compute(int threads, std::byte* scratch, const Accumulate& accumulate) const {
    auto* totals = reinterpret_cast<double*>(scratch);
    auto* partials = reinterpret_cast<T*>(totals + chunks_ * entries_);
    parallel_for(threads, chunks_, [&](Index begin, Index end, int) {
      for (Index chunk = begin; chunk < end; ++chunk)
        sum_rows(rows_ * chunk / chunks_, rows_ * (chunk + 1) / chunks_, totals + chunk * entries_,
                 partials + chunk * entries_, accumulate);
    });
    for (Index chunk = 1; chunk < chunks_; ++chunk)
      for (Index i = 0; i < entries_; ++i) totals[i] += totals[chunk * entries_ + i];
    return totals;
  }

 private:
  static constexpr Index run = 64, max_chunks = 32;

  template <class Accumulate>
  void sum_rows(Index begin, Index end, double* total, T* partial, const Accumulate& accumulate) const {
    std::fill_n(total, entries_, 0.0);
    for (Index start = begin; start < end; start += run) {
      std::fill_n(partial, entries_, T{0});
      for (Index row = start; row < std::min(start + run, end); ++row) accumulate(row, partial);
      for (Index i = 0; i < entries_; ++i) total[i] += static_cast<double>(partial[i]);
    }
  }

  Index rows_, entries_, chunks_;
};

}  // namespace amdefect
