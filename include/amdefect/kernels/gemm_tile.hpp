#pragma once

#include <array>
#include <utility>

#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/simd.hpp"

/// The micro-kernels below every matrix product here: a tile of the result stays in registers while the common
/// dimension runs by. Each step multiplies broadcast elements of A with vectors of a packed panel of B (see gemm.hpp).
namespace amdefect::detail {

/// The register tile: all registers but those for one row of B, the broadcast element and one to spare.
template <class T>
struct GemmTile {
  static constexpr int vectors = 2;
  static constexpr int rows = (simd::registers - vectors - 2) / vectors;
  static constexpr Index columns = vectors * simd::width<T>;
};

/// Where the factors of a dot product lie behind its first one: outer x inner runs of `length` consecutive elements.
struct Runs {
  Index length = 0;
  Index inner = 1, inner_step = 0;
  Index outer = 1, outer_step = 0;

  Index ahead = 0;  ///< if not 0: behind the first factor, this is where the next tile's rows start

  Index size() const { return outer * inner * length; }
  /// Makes one run of runs that follow each other without a gap.
  void merge() {
    if (inner_step == length || inner == 1) {
      length *= inner;
      inner = 1;
    }
    if (inner == 1 && (outer_step == length || outer == 1)) {
      length *= outer;
      outer = 1;
    }
  }
};

/// What happens to a finished tile: added to what is stored there if `accumulate`, then `epilogue` unless null.
template <class T>
struct TileOutput {
  Index first_column = 0, columns = 0;
  bool accumulate = false;
  const ConvEpilogue<T>* epilogue = nullptr;
  Index first_channel = 0;  ///< the epilogue's channel of column 0
};

template <class T, int rows>
using Accumulators = simd::Vector<T>[rows][GemmTile<T>::vectors];

/// Adds the outer product of `rows` elements of A with one row of the panel B.
template <class T, int rows, class ElementOfA>
[[gnu::always_inline]] inline void add_outer_product(Accumulators<T, rows>& sum, const T* b, ElementOfA&& a) {
  constexpr int vectors = GemmTile<T>::vectors;
  simd::Vector<T> row[vectors];
  simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) { row[v] = simd::load(b + v * simd::width<T>); });
  simd::unroll<rows>([&](auto m) __attribute__((always_inline)) {
    const simd::Vector<T> element = simd::broadcast(a(m));
    simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) { sum[m][v] += element * row[v]; });
  });
}

/// Stores a tile, row m at c[m] + output.first_column.
template <class T, int rows>
[[gnu::always_inline]] inline void store_tile(Accumulators<T, rows>& sum, T* const* c, const TileOutput<T>& output) {
  using Vector = simd::Vector<T>;
  constexpr Index width = simd::width<T>;
  simd::unroll<GemmTile<T>::vectors>([&](auto v) __attribute__((always_inline)) {
    const Index first = output.first_column + v * width;
    const Index count = output.columns - first;
    if (count <= 0) return;
    if (output.accumulate)
      simd::unroll<rows>([&](auto m) __attribute__((always_inline)) { sum[m][v] += simd::load(c[m] + first, count); });
    if (output.epilogue) {
      const ConvEpilogue<T>& e = *output.epilogue;
      const Index channel = output.first_channel + first;
      const Vector bias = e.bias ? simd::load(e.bias + channel, count) : Vector{};
      const Vector scale = e.scale ? simd::load(e.scale + channel, count) : simd::broadcast(T(1));
      const Vector shift = e.shift ? simd::load(e.shift + channel, count) : Vector{};
      simd::unroll<rows>([&](auto m) __attribute__((always_inline)) {
        Vector value = sum[m][v] + bias;
        if (e.relu) value = value < Vector{} ? Vector{} : value;
        sum[m][v] = value * scale + shift;
      });
    }
    simd::unroll<rows>([&](auto m) __attribute__((always_inline)) { simd::store(c[m] + first, sum[m][v], count); });
  });
}

/// Rows of A given by pointers, consecutive along the common dimension: c[m] = sum_k a[m][k] b[k].
template <class T, int rows>
void multiply_rows(const T* const* a, const Runs& runs, const T* b, T* const* c, const TileOutput<T>& output) {
  Accumulators<T, rows> sum{};
  const T* next = a[0] + runs.ahead;
  const Index next_step = runs.ahead ? simd::width<T> : 0;
  simd::unroll<rows>([&](auto m)
                         __attribute__((always_inline)) { simd::prefetch_to_write(c[m] + output.first_column); });
  for (Index outer = 0; outer < runs.outer; ++outer)
    for (Index inner = 0; inner < runs.inner; ++inner) {
      const Index offset = outer * runs.outer_step + inner * runs.inner_step;
      const T* row[rows];
      simd::unroll<rows>([&](auto m) __attribute__((always_inline)) { row[m] = a[m] + offset; });
      for (Index k = 0; k < runs.length; ++k, b += GemmTile<T>::columns, next += next_step) {
        __builtin_prefetch(next, 0, 2);
        add_outer_product<T, rows>(
            sum, b, [&](auto m) __attribute__((always_inline)) { return row[m][k]; });
      }
    }
  store_tile<T, rows>(sum, c, output);
}

/// How a product over pixels walks through A (rows of pixels) and B (a pixel at a time). Where `ahead` is not 0, the
/// elements that far on are fetched into the cache.
struct PixelWalk {
  Index columns = 0, rows = 1;
  Index column_step = 0, row_step = 0;
  Index b_step = 0;
  Index ahead = 0, b_ahead = 0;
};

/// A is transposed, its columns are consecutive in memory: c[m] += sum_p a[p][m] b[p] over all pixels p of the walk.
/// The rows of C are those of a packed panel.
template <class T, int rows>
void multiply_columns(const T* a, const T* b, const PixelWalk& walk, T* c) {
  Accumulators<T, rows> sum{};
  for (Index y = 0; y < walk.rows; ++y) {
    const T* pixel = a + y * walk.row_step;
    for (Index x = 0; x < walk.columns; ++x, pixel += walk.column_step, b += walk.b_step) {
      __builtin_prefetch(pixel + walk.ahead, 0, 2);
      __builtin_prefetch(b + walk.b_ahead, 0, 2);
      __builtin_prefetch(b + walk.b_ahead + simd::width<T>, 0, 2);
      add_outer_product<T, rows>(
          sum, b, [&](auto m) __attribute__((always_inline)) { return pixel[m]; });
    }
  }
  T* target[rows];
  simd::unroll<rows>([&](auto m) __attribute__((always_inline)) { target[m] = c + m * GemmTile<T>::columns; });
  store_tile<T, rows>(sum, target, {.columns = GemmTile<T>::columns, .accumulate = true});
}

/// The kernels for 1, 2, ..., GemmTile::rows rows, at index rows - 1.
template <class T>
inline constexpr auto multiply_rows_of = []<int... i>(std::integer_sequence<int, i...>) {
  return std::array{&multiply_rows<T, i + 1>...};
}
(std::make_integer_sequence<int, GemmTile<T>::rows>{});
template <class T>
inline constexpr auto multiply_columns_of = []<int... i>(std::integer_sequence<int, i...>) {
  return std::array{&multiply_columns<T, i + 1>...};
}
(std::make_integer_sequence<int, GemmTile<T>::rows>{});

/// Splits `count` rows into as few tiles as possible, of nearly equal size (short tiles keep the units less busy), and
/// calls body(first, rows) for each.
template <class T, class Body>
void for_each_tile(Index count, Body&& body) {
  const Index tiles = (count + GemmTile<T>::rows - 1) / GemmTile<T>::rows;
  for (Index tile = 0; tile < tiles; ++tile) {
    const Index first = count * tile / tiles;
    body(first, count * (tile + 1) / tiles - first);
  }
}

}  // namespace amdefect::detail
