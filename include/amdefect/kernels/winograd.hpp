#pragma once

#include <algorithm>

#include "amdefect/kernels/conv_staging.hpp"
#include "amdefect/kernels/winograd_schemes.hpp"
#include "amdefect/kernels/winograd_transform.hpp"

/// 3x3 convolutions by Winograd's algorithm. Tiles of the input are transformed; then there is, for each of the
/// points x points positions in a transformed tile, a matrix product (tiles x in_c) (in_c x out_c); the products are
/// transformed back to tiles of the output. Vectors run along the channels.
namespace amdefect::detail {

/// The images of a convolution seen as tiles. Tile (h, w) reads the input from (h input_step - in_pad_h, ...) and
/// writes the output from (h output - out_pad_h, ...); what lies outside of the images reads as 0 and is not written.
struct WinogradGrid {
  Index batch, in_h, in_w, in_c, out_h, out_w, out_c;
  Index in_pad_h, in_pad_w, out_pad_h = 0, out_pad_w = 0;
  Index tiles_h = 0, tiles_w = 0;

  Index tiles() const { return batch * tiles_h * tiles_w; }
};

template <class Scheme>
WinogradGrid with_tiles(WinogradGrid grid) {
  grid.tiles_h = (grid.out_h + grid.out_pad_h + Scheme::output - 1) / Scheme::output;
  grid.tiles_w = (grid.out_w + grid.out_pad_w + Scheme::output - 1) / Scheme::output;
  return grid;
}

/// Addresses of the size x size pixels of a tile; `outside` stands for the pixels that are not in the image.
template <class T, int size>
struct TilePixels {
  T* pixel[size][size];

  TilePixels(T* image, Index height, Index width, Index channels, Index top, Index left, T* outside) {
    for (Index i = 0; i < size; ++i)
      for (Index j = 0; j < size; ++j) {
        const bool inside = top + i >= 0 && top + i < height && left + j >= 0 && left + j < width;
        pixel[i][j] = inside ? image + ((top + i) * width + left + j) * channels : outside;
      }
  }
};

/// Sizes of the blocks in scratch memory. Rows of channels are filled up to whole vectors or panels; positions are kept
/// one cache line off a power of two, or all of them would compete for the same lines of the cache.
template <class T, class Scheme>
struct WinogradSizes {
  static constexpr Index positions = Scheme::points * Scheme::points;
  static constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  Index in_row, out_row;         ///< elements of one tile at one position
  Index block_tiles;             ///< tiles per block
  Index input, product, kernel;  ///< elements of all tiles of a block, or of the kernel, at one position

  WinogradSizes(Index in_c, Index out_c, Index most_tiles) {
    in_row = (in_c + simd::width<T> - 1) / simd::width<T> * simd::width<T>;
    out_row = panels<T>(out_c) * GemmTile<T>::columns;
    block_tiles = most_tiles;
    input = aligned<T>(block_tiles * in_row) + line;
    product = aligned<T>(block_tiles * out_row) + line;
    kernel = aligned<T>(packed_size<T>(in_c, out_c)) + line;
  }
};

/// Cuts `tiles` into blocks of nearly equal size, a multiple of the number of threads.
struct TileBlocks {
  Index tiles, count;

  TileBlocks(Index all_tiles, Index most, Index threads) : tiles(all_tiles) {
    count = std::max<Index>(1, (tiles + most - 1) / most);
    count = std::min((count + threads - 1) / threads * threads, tiles);
  }
  Index first(Index block) const { return tiles * block / count; }
  Index longest() const { return (tiles + count - 1) / count; }
};

/// Transforms the input pixels of a tile: vectors of channels, position after position `stride` elements apart.
template <class Matrix, class T>
void transform_tile(const TilePixels<const T, Matrix::columns>& from, Index channels, T* to, Index stride) {
  for (Index c = 0; c < channels; c += simd::width<T>)
    Matrix::template apply<T>(
        [&](Index i, Index j) __attribute__((always_inline)) { return simd::load(from.pixel[i][j] + c, channels - c); },
        [&](Index i, Index j, simd::Vector<T> value)
            __attribute__((always_inline)) { simd::store(to + (i * Matrix::rows + j) * stride + c, value); });
}

/// Transforms the kernel to a packed in_c x out_c matrix for each position. Panel p of tap t holds in_c rows,
/// `row_stride` elements apart, at kernel + p panel_stride + t tap_stride.
template <class Scheme, class T>
void transform_kernel(int threads, Index in_c, Index out_c, const T* kernel, Index panel_stride, Index tap_stride,
                      Index row_stride, T* to, Index stride) {
  using Matrix = Transform<Scheme::kernel_matrix>;
  parallel_for(threads, panels<T>(out_c), [=](Index begin, Index end, int) {
    for (Index panel = begin; panel < end; ++panel)
      for (Index c = 0; c < in_c; ++c)
        for (Index v = 0; v < GemmTile<T>::columns; v += simd::width<T>) {
          const Index valid = out_c - panel * GemmTile<T>::columns - v;
          const T* from = kernel + panel * panel_stride + c * row_stride + v;
          T* target = to + (panel * in_c + c) * GemmTile<T>::columns + v;
          Matrix::template apply<T>(
              [=](Index i, Index j)
                  __attribute__((always_inline)) { return simd::load(from + (i * 3 + j) * tap_stride, valid); },
              [=](Index i, Index j, simd::Vector<T> value)
                  __attribute__((always_inline)) { simd::store(target + (i * Matrix::rows + j) * stride, value); });
        }
  });
}

/// product = input kernel at one position.
template <class T>
void multiply_position(Index tiles, Index in_c, const T* input, Index in_row, const T* kernel, T* product,
                       Index out_row) {
  constexpr Index width = GemmTile<T>::columns;
  for (Index panel = 0; panel < out_row / width; ++panel)
    for_each_tile<T>(tiles, [&](Index first, Index rows) {
      TileRows<const T> from;
      TileRows<T> to;
      for (Index i = 0; i < rows; ++i) {
        from[static_cast<std::size_t>(i)] = input + (first + i) * in_row;
        to[static_cast<std::size_t>(i)] = product + (first + i) * out_row;
      }
      multiply_rows_of<T>[static_cast<std::size_t>(rows - 1)](from.data(), {.length = in_c}, 0,
                                                              kernel + panel * in_c * width, 0, to.data(),
                                                              panel * width, {.columns = out_row});
    });
}

/// Transforms the products of one tile back and writes the output pixels that are in the image.
template <class Matrix, class T>
void transform_back(const T* product, Index stride, const ConvEpilogue<T>& epilogue, Index channels,
                    const TilePixels<T, Matrix::rows>& to) {
  using Vector = simd::Vector<T>;
  for (Index c = 0; c < channels; c += simd::width<T>) {
    const Index count = channels - c;
    const Vector bias = epilogue.bias ? simd::load(epilogue.bias + c, count) : Vector{};
    const Vector scale = epilogue.scale ? simd::load(epilogue.scale + c, count) : simd::broadcast(T(1));
    const Vector shift = epilogue.shift ? simd::load(epilogue.shift + c, count) : Vector{};
    Matrix::template apply<T>(
        [&](Index i, Index j)
            __attribute__((always_inline)) { return simd::load(product + (i * Matrix::columns + j) * stride + c); },
        [&](Index i, Index j, Vector value) __attribute__((always_inline)) {
          if (!to.pixel[i][j]) return;
          value += bias;
          if (epilogue.relu) value = value < Vector{} ? Vector{} : value;
          simd::store(to.pixel[i][j] + c, value * scale + shift, count);
        });
  }
}

/// y = epilogue(x * kernel) for a transformed kernel. `buffers`: for each thread transformed inputs and products of a
/// block.
template <class Scheme, class T>
void winograd_correlate(int threads, const WinogradGrid& grid, const WinogradSizes<T, Scheme>& size,
                        const TileBlocks& blocks, const T* x, const T* kernel, const ConvEpilogue<T>& epilogue, T* y,
                        const T* zeros, T* buffers) {
  parallel_for(threads, blocks.count, [&](Index begin, Index end, int thread) {
    T* input = buffers + thread * size.positions * (size.input + size.product);
    T* product = input + size.positions * size.input;
    for (Index block = begin; block < end; ++block) {
      const Index first = blocks.first(block), tiles = blocks.first(block + 1) - first;
      const auto for_each_image_tile = [&](auto&& body) {
        for (Index tile = 0; tile < tiles; ++tile) {
          const Index row = (first + tile) / grid.tiles_w;
          body(tile, row / grid.tiles_h, row % grid.tiles_h, (first + tile) % grid.tiles_w);
        }
      };
      for_each_image_tile([&](Index tile, Index n, Index h, Index w) {
        const TilePixels<const T, Scheme::input> pixels(x + n * grid.in_h * grid.in_w * grid.in_c, grid.in_h, grid.in_w,
                                                        grid.in_c, h * Scheme::input_step - grid.in_pad_h,
                                                        w * Scheme::input_step - grid.in_pad_w, zeros);
        transform_tile<Transform<Scheme::input_matrix>>(pixels, grid.in_c, input + tile * size.in_row, size.input);
      });
      for (Index p = 0; p < size.positions; ++p)
        multiply_position(tiles, grid.in_c, input + p * size.input, size.in_row, kernel + p * size.kernel,
                          product + p * size.product, size.out_row);
      for_each_image_tile([&](Index tile, Index n, Index h, Index w) {
        const TilePixels<T, Scheme::output> pixels(y + n * grid.out_h * grid.out_w * grid.out_c, grid.out_h, grid.out_w,
                                                   grid.out_c, h * Scheme::output - grid.out_pad_h,
                                                   w * Scheme::output - grid.out_pad_w, nullptr);
        transform_back<Transform<Scheme::output_matrix>>(product + tile * size.out_row, size.product, epilogue,
                                                         grid.out_c, pixels);
      });
    }
  });
}

}  // namespace amdefect::detail
