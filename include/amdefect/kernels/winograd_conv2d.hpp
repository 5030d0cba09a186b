#pragma once

#include "amdefect/kernels/conv2d_gemm.hpp"
#include "amdefect/kernels/winograd.hpp"

/// 3x3 convolutions with stride 1 or 2 and their input gradients by Winograd's algorithm.
namespace amdefect::detail {

inline bool winograd_fits(const ConvGeometry& g) {
  return g.kernel_h == 3 && g.kernel_w == 3 && g.stride_h == g.stride_w && g.stride_h <= 2 && g.dilation_h == 1 &&
         g.dilation_w == 1 && g.groups == 1;
}

template <class Scheme>
WinogradGrid forward_grid(const ConvGeometry& g) {
  return with_tiles<Scheme>({.batch = g.batch,
                             .in_h = g.in_h,
                             .in_w = g.in_w,
                             .in_c = g.in_c,
                             .out_h = g.out_h,
                             .out_w = g.out_w,
                             .out_c = g.out_c,
                             .in_pad_h = g.pad_top,
                             .in_pad_w = g.pad_left});
}

/// The input gradient as a convolution over dy. Stride 1: the flipped kernel reaches 2 - pad pixels before. Stride 2:
/// tiles of 8x8 pixels start at even pixels of the padded image.
template <class Scheme>
WinogradGrid gradient_grid(const ConvGeometry& g) {
  const bool unit = g.stride_h == 1;
  return with_tiles<Scheme>({.batch = g.batch,
                             .in_h = g.out_h,
                             .in_w = g.out_w,
                             .in_c = g.out_c,
                             .out_h = g.in_h,
                             .out_w = g.in_w,
                             .out_c = g.in_c,
                             .in_pad_h = unit ? 2 - g.pad_top : 1,
                             .in_pad_w = unit ? 2 - g.pad_left : 1,
                             .out_pad_h = unit ? 0 : g.pad_top,
                             .out_pad_w = unit ? 0 : g.pad_left});
}

/// Tiles in a block: one register tile, so that the transformed block stays in the L2 cache, or three if the
/// transformed kernel, which is read once per block, is so large that it comes from far away.
template <class T, class Scheme>
Index winograd_block_tiles(const WinogradGrid& grid) {
  constexpr Index far = Index{16} << 20;
  const Index kernel_bytes = Scheme::points * Scheme::points * grid.in_c * grid.out_c * static_cast<Index>(sizeof(T));
  return GemmTile<T>::rows * (kernel_bytes > far ? 3 : 1);
}

/// The scratch memory of one call: a zero pixel, the transformed kernel, each thread's block.
template <class T, class Scheme>
struct WinogradScratch {
  int threads;
  TileBlocks blocks;
  WinogradSizes<T, Scheme> size;
  Index zeros, kernel, buffers;

  WinogradScratch(const Execution& execution, const WinogradGrid& grid)
      : threads(resolve_threads(execution.threads)),
        blocks(grid.tiles(), winograd_block_tiles<T, Scheme>(grid), threads),
        size(grid.in_c, grid.out_c, blocks.longest()),
        zeros(aligned<T>(size.in_row)),
        kernel(size.positions * size.kernel),
        buffers(std::max(threads * size.positions * (size.input + size.product),
                         packed_size<T>(9 * grid.in_c, grid.out_c))) {}
  Index elements() const { return zeros + kernel + buffers; }
};

template <class Scheme, class T>
void winograd_forward(const Execution& execution, const ConvGeometry& g, const T* x, const T* kernel,
                      const ConvEpilogue<T>& epilogue, T* y, T* scratch) {
  const WinogradGrid grid = forward_grid<Scheme>(g);
  const WinogradScratch<T, Scheme> layout(execution, grid);
  T* transformed = scratch + layout.zeros;
  std::fill_n(scratch, layout.zeros, T(0));
  transform_kernel<Scheme>(layout.threads, g.in_c, g.out_c, kernel, GemmTile<T>::columns, g.in_c * g.out_c, g.out_c,
                           transformed, layout.size.kernel);
  winograd_correlate<Scheme>(layout.threads, grid, layout.size, layout.blocks, x, transformed, epilogue, y, scratch,
                             transformed + layout.kernel);
}

template <class Scheme, class T>
void winograd_backward_input(const Execution& execution, const ConvGeometry& g, const T* dy, const T* kernel, T* dx,
                             T* scratch) {
  const WinogradGrid grid = gradient_grid<Scheme>(g);
  const WinogradScratch<T, Scheme> layout(execution, grid);
  T* transformed = scratch + layout.zeros;
  T* buffers = transformed + layout.kernel;
  std::fill_n(scratch, layout.zeros, T(0));
  constexpr Phase all_taps{.taps = 3, .last_tap = 2};
  pack_transposed(execution, g, all_taps, all_taps, kernel, 0, buffers);
  transform_kernel<Scheme>(layout.threads, g.out_c, g.in_c, buffers, 9 * g.out_c * GemmTile<T>::columns,
                           g.out_c * GemmTile<T>::columns, GemmTile<T>::columns, transformed, layout.size.kernel);
  winograd_correlate<Scheme>(layout.threads, grid, layout.size, layout.blocks, dy, transformed, {}, dx, scratch,
                             buffers);
}

}  // namespace amdefect::detail
