#pragma once

#include "amdefect/kernels/winograd_conv2d.hpp"

/// The kernel gradient of 3x3 convolutions by Winograd's algorithm, transposed: with transformed tiles of the input
/// and, by the transposed output matrix, of dy, there is a sum of outer products for each position, which the
/// transposed kernel matrix takes to the nine taps.
namespace amdefect::detail {

/// Tiles transformed at once by all threads. The sums pass through the caches once per block, so that large ones want
/// large blocks, while small blocks stay in the cache (but the threads meet twice per block). Measured in ms for blocks
/// of 28, 56, 112, 224 tiles: stride 2, 64->128: 97 99 115 127; stride 2, 128->256: 139 111 104 101; stride 1,
/// 256->256: 111 95 86 83.
inline Index winograd_gradient_block_tiles(const WinogradGrid& grid) {
  return std::clamp<Index>(grid.in_c * grid.out_c / 256, 56, 128);
}

template <class T, class Scheme>
struct WinogradGradientScratch {
  int threads;
  TileBlocks blocks;
  WinogradSizes<T, Scheme> size;  ///< `product` holds the transformed tiles of dy, packed
  Index zeros, sum, input, gradient;

  WinogradGradientScratch(const Execution& execution, const WinogradGrid& grid)
      : threads(resolve_threads(execution.threads)),
        blocks(grid.tiles(), winograd_gradient_block_tiles(grid), 1),
        size(grid.in_c, grid.out_c, blocks.longest()),
        zeros(aligned<T>(std::max(size.in_row, size.out_row))),
        sum(size.positions * size.kernel),
        input(size.positions * size.input),
        gradient(size.positions * size.product) {}
  Index elements() const { return zeros + sum + input + gradient; }
};

/// Takes the sums at all positions back to the taps and adds them to the kernel's gradient.
template <class Scheme, class T>
void add_transformed_gradient(int threads, Index in_c, Index out_c, const T* sum, Index stride, T* dkernel) {
  using Matrix = Transform<Scheme::kernel_matrix, true>;
  constexpr Index width = GemmTile<T>::columns;
  parallel_for(threads, panels<T>(out_c), [=](Index begin, Index end, int) {
    for (Index panel = begin; panel < end; ++panel)
      for (Index c = 0; c < in_c; ++c)
        for (Index first = panel * width; first < std::min((panel + 1) * width, out_c); first += simd::width<T>) {
          const T* from = sum + (panel * in_c + c) * width + first - panel * width;
          T* to = dkernel + c * out_c + first;
          const Index valid = out_c - first;
          Matrix::template apply<T>(
              [=](Index i, Index j)
                  __attribute__((always_inline)) { return simd::load(from + (i * Matrix::columns + j) * stride); },
              [=](Index i, Index j, simd::Vector<T> value) __attribute__((always_inline)) {
                T* tap = to + (i * 3 + j) * in_c * out_c;
                simd::store(tap, simd::load(tap, valid) + value, valid);
              });
        }
  });
}

/// dkernel += gradient. The threads share the tiles for the transforms and then the positions for the products: no
/// thread needs a sum of its own and the result does not depend on their number.
template <class Scheme, class T>
void winograd_backward_kernel(const Execution& execution, const ConvGeometry& g, const T* x, const T* dy, T* dkernel,
                              T* scratch) {
  using InputMatrix = Transform<Scheme::input_matrix>;
  using GradientMatrix = Transform<Scheme::output_matrix, true>;
  constexpr Index width = GemmTile<T>::columns;
  const WinogradGrid grid = forward_grid<Scheme>(g);
  const WinogradGradientScratch<T, Scheme> layout(execution, grid);
  const auto& size = layout.size;
  T* zeros = scratch;
  T* sum = zeros + layout.zeros;
  T* input = sum + layout.sum;
  T* gradient = input + layout.input;
  std::fill_n(zeros, layout.zeros, T(0));
  for (Index block = 0; block < layout.blocks.count; ++block) {
    const Index first = layout.blocks.first(block), tiles = layout.blocks.first(block + 1) - first;
    parallel_for(layout.threads, tiles, [&](Index begin, Index end, int) {
      for (Index tile = begin; tile < end; ++tile) {
        const Index row = (first + tile) / grid.tiles_w, w = (first + tile) % grid.tiles_w;
        const Index n = row / grid.tiles_h, h = row % grid.tiles_h;
        const TilePixels<const T, Scheme::input> pixels(x + n * g.in_h * g.in_w * g.in_c, g.in_h, g.in_w, g.in_c,
                                                        h * Scheme::input_step - g.pad_top,
                                                        w * Scheme::input_step - g.pad_left, zeros);
        transform_tile<InputMatrix>(pixels, g.in_c, input + tile * size.in_row, size.input);
        const TilePixels<const T, Scheme::output> gradients(dy + n * g.out_h * g.out_w * g.out_c, g.out_h, g.out_w,
                                                            g.out_c, h * Scheme::output, w * Scheme::output, zeros);
        transform_tile<GradientMatrix>(gradients, g.out_c, gradient + tile * size.out_row, size.product);
      }
    });
    parallel_for(layout.threads, size.positions, [&](Index begin, Index end, int) {
      for (Index p = begin; p < end; ++p)
        for (Index panel = 0; panel < panels<T>(g.out_c); ++panel) {
          T* target = sum + p * size.kernel + panel * g.in_c * width;
          if (block == 0) std::fill_n(target, g.in_c * width, T(0));
          const PixelWalk walk{.columns = tiles, .column_step = size.in_row, .b_step = size.out_row};
          for_each_tile<T>(g.in_c, [&](Index c, Index rows) {
            multiply_columns_of<T>[static_cast<std::size_t>(rows - 1)](
                input + p * size.input + c, gradient + p * size.product + panel * width, walk, target + c * width);
          });
        }
    });
  }
  add_transformed_gradient<Scheme>(layout.threads, g.in_c, g.out_c, sum, size.kernel, dkernel);
}

}  // namespace amdefect::detail
