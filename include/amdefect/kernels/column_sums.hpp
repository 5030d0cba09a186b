#pragma once

#include <algorithm>
#include <cstddef>

#include "amdefect/core/parallel.hpp"

namespace amdefect {

/// Sums over the rows of a matrix in double, `sums` of them per column, whose result does not depend on the number of
/// threads: rows are cut into a fixed number of chunks, and the chunks are added in order.
class ColumnSums {
 public:
  ColumnSums(Index rows, Index columns, Index sums)
      : rows_(rows), entries_(columns * sums), chunks_(std::clamp<Index>(rows / least_rows, 1, most_chunks)) {}

  /// Bytes of scratch memory (64-byte aligned) that `compute` needs.
  std::size_t scratch_bytes() const { return static_cast<std::size_t>(chunks_ * entries_) * sizeof(double); }

  /// Calls `accumulate(begin, end, totals)` for bands of rows, which adds their terms to the double[columns * sums]
  /// totals of their chunk. Returns the totals of all rows, which stay in `scratch`.
  template <class Accumulate>
  const double* compute(int threads, std::byte* scratch, const Accumulate& accumulate) const {
    auto* totals = reinterpret_cast<double*>(scratch);
    parallel_for(threads_for(threads, rows_ * entries_), chunks_, [&](Index begin, Index end, int) {
      for (Index chunk = begin; chunk < end; ++chunk) {
        double* own = totals + chunk * entries_;
        std::fill_n(own, entries_, 0.0);
        const Index last = rows_ * (chunk + 1) / chunks_;
        for (Index row = rows_ * chunk / chunks_; row < last; row += band_rows)
          accumulate(row, std::min(row + band_rows, last), own);
      }
    });
    for (Index chunk = 1; chunk < chunks_; ++chunk)
      for (Index i = 0; i < entries_; ++i) totals[i] += totals[chunk * entries_ + i];
    return totals;
  }

 private:
  static constexpr Index least_rows = 64, most_chunks = 32;
  static constexpr Index band_rows =
      4;  // enough to load and store the totals seldom, few enough for the processor's prefetchers

  Index rows_, entries_, chunks_;
};

}  // namespace amdefect
