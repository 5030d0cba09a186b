#pragma once

#include <array>
#include <utility>

#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/simd.hpp"

/// The micro-kernels below every matrix product here: a tile of the result stays in registers while the common
/// dimension runs by. Each step multiplies broadcast elements of A with vectors of a packed panel of B (see gemm.hpp).
namespace amdefect::detail {

/// The register tile: all registers but those for one row of B, the broadcast element and one to spare. It spans one
/// panel of B, or two: the wide tile sets up fewer rows and writes longer pieces of C, but reads B more often.
template <class T>
struct GemmTile {
  static constexpr int vectors = 2;
  static constexpr Index columns = vectors * simd::width<T>;
  static constexpr int rows_across(int panels) { return (simd::registers - 2) / (panels * vectors) - 1; }
  static constexpr int rows = rows_across(1), wide_rows = rows_across(2);
};

/// Where the factors of a dot product lie behind its first one: outer x inner runs of `length` consecutive elements.
struct Runs {
  Index length = 0;
  Index inner = 1, inner_step = 0;
  Index outer = 1, outer_step = 0;

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
  Index columns = 0;
  bool accumulate = false;
  const ConvEpilogue<T>* epilogue = nullptr;
  Index first_channel = 0;  ///< the epilogue's channel of column 0
};

template <class T, int rows, int panels = 1>
using Accumulators = simd::Vector<T>[rows][panels * GemmTile<T>::vectors];

/// Adds the outer product of `rows` elements of A with one row of each panel of B.
template <class T, int rows, int panels, class ElementOfA>
[[gnu::always_inline]] inline void add_outer_product(Accumulators<T, rows, panels>& sum, const T* b, Index panel_step,
                                                     ElementOfA&& a) {
  constexpr int width = GemmTile<T>::vectors, vectors = panels * width;
  simd::Vector<T> row[vectors];
  simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
    row[v] = simd::load(b + v / width * panel_step + v % width * simd::width<T>);
  });
  simd::unroll<rows>([&](auto m) __attribute__((always_inline)) {
    const simd::Vector<T> element = simd::broadcast(a(m));
    simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) { sum[m][v] += element * row[v]; });
  });
}

/// Applies the epilogue to the first `count` columns of vector `v` of a tile.
template <class T, int rows, int vectors>
[[gnu::always_inline]] inline void apply_epilogue(simd::Vector<T> (&sum)[rows][vectors], int v, Index channel,
                                                  Index count, const ConvEpilogue<T>& epilogue) {
  using Vector = simd::Vector<T>;
  const Vector bias = epilogue.bias ? simd::load(epilogue.bias + channel, count) : Vector{};
  const Vector scale = epilogue.scale ? simd::load(epilogue.scale + channel, count) : simd::broadcast(T(1));
  const Vector shift = epilogue.shift ? simd::load(epilogue.shift + channel, count) : Vector{};
  simd::unroll<rows>([&](auto m) __attribute__((always_inline)) {
    Vector value = sum[m][v] + bias;
    if (epilogue.relu) value = value < Vector{} ? Vector{} : value;
    sum[m][v] = value * scale + shift;
  });
}

/// Stores a tile, row m at c[m] + first_column.
template <class T, int rows, int vectors>
[[gnu::always_inline]] inline void store_tile(simd::Vector<T> (&sum)[rows][vectors], T* const* c, Index first_column,
                                              const TileOutput<T>& output) {
  constexpr Index width = simd::width<T>;
  const Index columns = output.columns - first_column;
  simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
    const Index first = first_column + v * width, count = columns - v * width;
    if (count <= 0) return;
    if (output.accumulate)
      simd::unroll<rows>([&](auto m) __attribute__((always_inline)) { sum[m][v] += simd::load(c[m] + first, count); });
    if (output.epilogue) apply_epilogue(sum, v, output.first_channel + first, count, *output.epilogue);
  });
  if (columns >= vectors * width)
    simd::unroll<rows>([&](auto m) __attribute__((always_inline)) {
      simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
        simd::store(c[m] + first_column + v * width, sum[m][v]);
      });
    });
  else
    simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
      if (columns > v * width)
        simd::unroll<rows>([&](auto m) __attribute__((always_inline)) {
          simd::store(c[m] + first_column + v * width, sum[m][v], columns - v * width);
        });
    });
}

/// Length of the common dimension from which on a tile's output is fetched before it is computed; shorter tiles write
/// so soon that this would only delay what they read.
inline constexpr Index fetch_output_from = 48;

/// Rows of A given by pointers, consecutive along the common dimension: c[m] = sum_k a[m][k] b[k] for `panels` panels
/// of B, `panel_step` elements apart, from `first_column` on. If `ahead` is not 0, the next tile's rows start there
/// behind the first factor, and are fetched into the cache. (What changes from call to call is not in the structs:
/// copying a struct whose members have just been written makes the processor wait for all stores before.)
template <class T, int rows, int panels>
void multiply_rows(const T* const* a, const Runs& runs, Index ahead, const T* b, Index panel_step, T* const* c,
                   Index first_column, const TileOutput<T>& output) {
  Accumulators<T, rows, panels> sum{};
  const T* next = a[0] + ahead;
  const Index next_step = ahead ? simd::width<T> : 0;
  if (runs.size() >= fetch_output_from)
    simd::unroll<rows>([&](auto m) __attribute__((always_inline)) {
      for (Index p = 0; p < panels; ++p) simd::prefetch_to_write(c[m] + first_column + p * GemmTile<T>::columns);
    });
  for (Index outer = 0; outer < runs.outer; ++outer)
    for (Index inner = 0; inner < runs.inner; ++inner) {
      const Index offset = outer * runs.outer_step + inner * runs.inner_step;
      const T* row[rows];
      simd::unroll<rows>([&](auto m) __attribute__((always_inline)) { row[m] = a[m] + offset; });
      for (Index k = 0; k < runs.length; ++k, b += GemmTile<T>::columns, next += next_step) {
        __builtin_prefetch(next, 0, 2);
        add_outer_product<T, rows, panels>(
            sum, b, panel_step, [&](auto m) __attribute__((always_inline)) { return row[m][k]; });
      }
    }
  store_tile(sum, c, first_column, output);
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
      add_outer_product<T, rows, 1>(
          sum, b, 0, [&](auto m) __attribute__((always_inline)) { return pixel[m]; });
    }
  }
  T* target[rows];
  simd::unroll<rows>([&](auto m) __attribute__((always_inline)) { target[m] = c + m * GemmTile<T>::columns; });
  store_tile(sum, target, 0, {.columns = GemmTile<T>::columns, .accumulate = true});
}

/// The kernels for 1, 2, ..., rows_across(panels) rows, at index rows - 1.
template <class T, int panels = 1>
inline constexpr auto multiply_rows_of = []<int... i>(std::integer_sequence<int, i...>) {
  return std::array{&multiply_rows<T, i + 1, panels>...};
}
(std::make_integer_sequence<int, GemmTile<T>::rows_across(panels)>{});
template <class T>
inline constexpr auto multiply_columns_of = []<int... i>(std::integer_sequence<int, i...>) {
  return std::array{&multiply_columns<T, i + 1>...};
}
(std::make_integer_sequence<int, GemmTile<T>::rows>{});

/// Splits `count` rows into as few tiles as possible, of nearly equal size (short tiles keep the units less busy), and
/// calls body(first, rows) for each.
template <class T, class Body>
void for_each_tile(Index count, Body&& body, Index most_rows = GemmTile<T>::rows) {
  const Index tiles = (count + most_rows - 1) / most_rows;
  for (Index tile = 0; tile < tiles; ++tile) {
    const Index first = count * tile / tiles;
    body(first, count * (tile + 1) / tiles - first);
  }
}

}  // namespace amdefect::detail
