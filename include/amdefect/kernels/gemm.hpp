#pragma once

#include <algorithm>
#include <array>

#include "amdefect/core/execution.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/gemm_tile.hpp"

namespace amdefect {

namespace detail {

/// Panels of GemmTile::columns columns that n columns are packed into; the last one is filled up with zeros.
template <class T>
constexpr Index panels(Index n) {
  return (n + GemmTile<T>::columns - 1) / GemmTile<T>::columns;
}
/// Elements of a packed k x n matrix: panel after panel, each k rows of GemmTile::columns elements.
template <class T>
constexpr Index packed_size(Index k, Index n) {
  return panels<T>(n) * k * GemmTile<T>::columns;
}

/// Packs rows of `columns` <= GemmTile::columns elements, `stride` apart, into one panel.
template <class T>
void pack_panel(Index rows, Index columns, const T* b, Index stride, T* panel) {
  constexpr Index width = simd::width<T>;
  for (Index k = 0; k < rows; ++k, b += stride)
    for (Index v = 0; v < GemmTile<T>::columns; v += width, panel += width)
      simd::store(panel, v < columns ? simd::load(b + v, columns - v) : simd::Vector<T>{});
}

/// Packs the row-major k x n matrix b.
template <class T>
void pack(int threads, Index k, Index n, const T* b, Index stride, T* packed) {
  constexpr Index width = GemmTile<T>::columns;
  parallel_for(threads_for(threads, k * n), panels<T>(n), [=](Index begin, Index end, int) {
    for (Index panel = begin; panel < end; ++panel)
      pack_panel(k, std::min(width, n - panel * width), b + panel * width, stride, packed + panel * k * width);
  });
}

/// Splits the common dimension into parts short enough that a tile's rows of A stay in the L1 cache, and calls
/// body(runs, offset in A, first row of B) for each.
template <class Body>
void for_each_part(const Runs& runs, Body&& body) {
  constexpr Index longest = 512;  // 14 rows of 512 floats are 28 KB
  const Index lengths = std::max<Index>(1, (runs.length + longest - 1) / longest);
  const Index inner_part = std::clamp<Index>(longest / std::max<Index>(runs.length, 1), 1, runs.inner);
  const Index outer_part = std::clamp<Index>(longest / std::max<Index>(runs.length * runs.inner, 1), 1, runs.outer);
  for (Index outer = 0; outer < runs.outer; outer += outer_part)
    for (Index inner = 0; inner < runs.inner; inner += inner_part)
      for (Index part = 0; part < lengths; ++part) {
        const Index first = runs.length * part / lengths;
        Runs sub = runs;
        sub.length = runs.length * (part + 1) / lengths - first;
        sub.inner = std::min(inner_part, runs.inner - inner);
        sub.outer = std::min(outer_part, runs.outer - outer);
        body(sub, outer * runs.outer_step + inner * runs.inner_step + first,
             (outer * runs.inner + inner) * runs.length + first);
      }
}

/// Panels of B that the best tile spans: two if there are no others left over and B stays in the L2 cache.
template <class T>
constexpr int panels_per_tile(Index k, Index n) {
  constexpr Index most_bytes = Index{128} << 10;
  const bool cached = packed_size<T>(k, n) * static_cast<Index>(sizeof(T)) <= most_bytes;
  return GemmTile<T>::wide_rows >= 6 && panels<T>(n) % 2 == 0 && cached ? 2 : 1;
}

/// Multiplies up to GemmTile::rows_across(tile_panels) rows of A (see Runs) with a packed matrix.
template <class T>
void multiply_packed(int tile_panels, Index rows, const T* const* a, const Runs& runs, Index ahead, const T* packed,
                     Index packed_rows, T* const* c, const TileOutput<T>& output) {
  const auto i = static_cast<std::size_t>(rows - 1);
  const auto kernel = tile_panels == 2 ? multiply_rows_of<T, 2>[i] : multiply_rows_of<T>[i];
  const Index panel_size = packed_rows * GemmTile<T>::columns;
  for (Index column = 0; column < output.columns; column += tile_panels * GemmTile<T>::columns) {
    kernel(a, runs, column == 0 ? ahead : 0, packed, panel_size, c, column, output);
    packed += tile_panels * panel_size;
  }
}

template <class T>
using TileRows = std::array<T*, static_cast<std::size_t>(GemmTile<std::remove_const_t<T>>::rows)>;

}  // namespace detail

/// Elements of scratch memory `gemm` needs.
template <class T>
Index gemm_scratch(Index n, Index k) {
  return detail::packed_size<T>(k, n);
}

/// c = a b for row-major matrices of m x k, k x n and m x n elements, whose rows are lda, ldb and ldc elements apart.
template <class T>
void gemm(const Execution& execution, Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb, T* c,
          Index ldc, T* scratch) {
  using namespace detail;
  constexpr Index block = 8 * GemmTile<T>::rows;
  const int tile_panels = panels_per_tile<T>(k, n);
  pack(execution.threads, k, n, b, ldb, scratch);
  parallel_for(execution.threads, (m + block - 1) / block, [=](Index begin, Index end, int) {
    for (Index first = begin * block; first < std::min(end * block, m); first += block)
      for_each_part({.length = k}, [=](const Runs& runs, Index offset, Index row) {
        const auto multiply_tile = [=](Index tile, Index rows) {
          TileRows<const T> from;
          TileRows<T> to;
          for (Index i = 0; i < rows; ++i) {
            from[static_cast<std::size_t>(i)] = a + (first + tile + i) * lda + offset;
            to[static_cast<std::size_t>(i)] = c + (first + tile + i) * ldc;
          }
          multiply_packed(tile_panels, rows, from.data(), runs, 0, scratch + row * GemmTile<T>::columns, k, to.data(),
                          {.columns = n, .accumulate = row > 0});
        };
        for_each_tile<T>(std::min(block, m - first), multiply_tile, GemmTile<T>::rows_across(tile_panels));
      });
  });
}

}  // namespace amdefect
