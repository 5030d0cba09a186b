#pragma once

#include <cstddef>

#include "amdefect/kernels/simd.hpp"

namespace amdefect::detail {

/// One of a scheme's matrices, or its transpose, as a compile-time constant.
template <const auto& values, bool transposed = false>
struct Transform {
  static constexpr int stored_rows = static_cast<int>(values.size()),
                       stored_columns = static_cast<int>(values[0].size());
  static constexpr int rows = transposed ? stored_columns : stored_rows;
  static constexpr int columns = transposed ? stored_rows : stored_columns;

  static constexpr double at(int row, int column) {
    return transposed ? values[static_cast<std::size_t>(column)][static_cast<std::size_t>(row)]
                      : values[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  }
  static constexpr int first_nonzero(int row) {
    int column = 0;
    while (column < columns && at(row, column) == 0) ++column;
    return column;
  }

  /// result = matrix * in for `columns` vectors: only the non-zero entries cost anything.
  template <class T>
  [[gnu::always_inline]] static inline void multiply(const simd::Vector<T> (&in)[columns],
                                                     simd::Vector<T> (&result)[rows]) {
    simd::unroll<rows>([&](auto row) __attribute__((always_inline)) {
      simd::unroll<columns>([&](auto column) __attribute__((always_inline)) {
        constexpr double factor = at(row, column);
        if constexpr (column == first_nonzero(row))
          result[row] = factor == 1 ? in[column] : static_cast<T>(factor) * in[column];
        else if constexpr (factor == 1)
          result[row] += in[column];
        else if constexpr (factor == -1)
          result[row] -= in[column];
        else if constexpr (factor != 0)
          result[row] += static_cast<T>(factor) * in[column];
      });
    });
  }

  /// matrix * X * transposed matrix, where `load(i, j)` gives X and `store(i, j, vector)` takes the result.
  template <class T, class Load, class Store>
  [[gnu::always_inline]] static inline void apply(Load&& load, Store&& store) {
    simd::Vector<T> half[columns][rows];
    for (int j = 0; j < columns; ++j) {
      simd::Vector<T> column[columns];
      simd::unroll<columns>([&](auto i) __attribute__((always_inline)) { column[i] = load(i, j); });
      multiply<T>(column, half[j]);
    }
    for (int i = 0; i < rows; ++i) {
      simd::Vector<T> row[columns], result[rows];
      simd::unroll<columns>([&](auto j) __attribute__((always_inline)) { row[j] = half[j][i]; });
      multiply<T>(row, result);
      simd::unroll<rows>([&](auto j) __attribute__((always_inline)) { store(i, j, result[j]); });
    }
  }
};

}  // namespace amdefect::detail
