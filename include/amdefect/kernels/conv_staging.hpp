#pragma once

#include <algorithm>

#include "amdefect/kernels/gemm.hpp"
#include "amdefect/kernels/geometry.hpp"

/// How a convolution becomes a matrix product. The row of A that belongs to an output pixel is the window that pixel
/// sees; in NHWC a window is a few runs of consecutive elements, so that A need not be written down: the input itself,
/// with zeros around it where the window leaves the image, serves as A (`implicit_gemm`). `im2col` writes A down.
namespace amdefect::detail {

enum class Staging { in_place, padded_rows, columns };

/// Output pixels one thread works on at a time: 8 tiles of 14 rows, enough to use a part of B several times while it is
/// in the L2 cache.
inline constexpr Index pixels_per_band = 112;

/// Rounds a number of elements up so that what follows in a scratch block is 64-byte aligned.
template <class T>
constexpr Index aligned(Index elements) {
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  return (elements + line - 1) / line * line;
}

inline Index extent_h(const ConvGeometry& g) { return (g.kernel_h - 1) * g.dilation_h + 1; }
inline Index extent_w(const ConvGeometry& g) { return (g.kernel_w - 1) * g.dilation_w + 1; }

/// A 1x1 convolution looks at one pixel at a time: all images become one row, which is its own matrix A.
inline ConvGeometry flatten_pointwise(ConvGeometry g) {
  const bool pointwise = g.kernel_h == 1 && g.kernel_w == 1 && g.stride_h == 1 && g.stride_w == 1 && g.pad_top == 0 &&
                         g.pad_left == 0 && g.out_h == g.in_h && g.out_w == g.in_w;
  if (!pointwise) return g;
  g.in_w = g.out_w = g.batch * g.in_h * g.in_w;
  g.batch = g.in_h = g.out_h = 1;
  return g;
}

/// True if no window leaves the image.
inline bool windows_fit(const ConvGeometry& g) {
  return g.pad_top <= 0 && g.pad_left <= 0 && (g.out_h - 1) * g.stride_h + extent_h(g) - g.pad_top <= g.in_h &&
         (g.out_w - 1) * g.stride_w + extent_w(g) - g.pad_left <= g.in_w;
}

inline Staging direct_staging(const ConvGeometry& g) {
  return windows_fit(g) ? Staging::in_place : Staging::padded_rows;
}

/// The part of one image's output pixels [first, last) that is computed at once: some rows, or a part of the only row.
struct Band {
  Index image, first, last;
};

/// How the output pixels are cut into bands: the same number for every image, as equal as possible.
struct Bands {
  Index images, per_image, units, unit_pixels;

  Bands(const ConvGeometry& g, Staging staging, int threads, Index band_pixels = pixels_per_band) : images(g.batch) {
    const Index pixels = g.out_h * g.out_w;
    unit_pixels = staging == Staging::in_place && g.out_h == 1 ? 1 : g.out_w;
    units = pixels / std::max<Index>(unit_pixels, 1);
    per_image = (pixels + band_pixels - 1) / band_pixels;
    if (images % threads != 0) per_image = (per_image + threads - 1) / threads * threads;  // equal work for all threads
    per_image = std::clamp<Index>(per_image, 1, std::max<Index>(units, 1));
  }

  Index count() const { return units > 0 ? images * per_image : 0; }
  Index longest() const { return (units + per_image - 1) / per_image * unit_pixels; }
  Band operator[](Index i) const {
    const Index part = i % per_image;
    return {i / per_image, units * part / per_image * unit_pixels, units * (part + 1) / per_image * unit_pixels};
  }
};

/// The matrix A of one band: row `p` starts at origin + (row of p) row_step + (column of p) column_step.
template <class T>
struct StagedInput {
  const T* origin;
  Index first_row, row_step, column_step;
  Runs runs;
};

/// Elements of the buffer in which `stage` builds a band of at most `pixels` pixels.
inline Index staging_size(const ConvGeometry& g, Staging staging, Index pixels) {
  if (staging == Staging::in_place || g.out_w == 0) return 0;
  if (staging == Staging::columns) return pixels * g.kernel_h * g.kernel_w * g.in_c;
  const Index rows = (pixels / g.out_w - 1) * g.stride_h + extent_h(g);
  return rows * ((g.out_w - 1) * g.stride_w + extent_w(g)) * g.in_c;
}

/// Copies `count` pixels of one image row, starting at pixel `first`, with zeros where they lie outside of the image.
template <class T>
T* copy_padded(const ConvGeometry& g, const T* image, Index row, Index first, Index count, T* to) {
  if (row < 0 || row >= g.in_h) return std::fill_n(to, count * g.in_c, T(0));
  const Index begin = std::clamp<Index>(first, 0, g.in_w);
  const Index end = std::clamp<Index>(first + count, begin, g.in_w);
  const Index before = std::clamp<Index>(begin - first, 0, count);
  to = std::fill_n(to, before * g.in_c, T(0));
  to = std::copy_n(image + (row * g.in_w + begin) * g.in_c, (end - begin) * g.in_c, to);
  return std::fill_n(to, (count - before - (end - begin)) * g.in_c, T(0));
}

/// Provides the windows of a band's pixels, in `buffer` unless they can stay where they are.
template <class T>
StagedInput<T> stage(const ConvGeometry& g, Staging staging, const T* x, const Band& band, T* buffer) {
  const T* image = x + band.image * g.in_h * g.in_w * g.in_c;
  const Index first_row = band.first / g.out_w;
  const Index rows = (band.last - 1) / g.out_w + 1 - first_row;
  StagedInput<T> result{buffer, first_row, 0, g.stride_w * g.in_c, {}};
  if (staging == Staging::columns) {
    T* to = buffer;
    for (Index oh = first_row; oh < first_row + rows; ++oh)
      for (Index ow = 0; ow < g.out_w; ++ow)
        for (Index kh = 0; kh < g.kernel_h; ++kh) {
          const Index row = oh * g.stride_h + kh * g.dilation_h - g.pad_top;
          const Index column = ow * g.stride_w - g.pad_left;
          if (g.dilation_w == 1)
            to = copy_padded(g, image, row, column, g.kernel_w, to);
          else
            for (Index kw = 0; kw < g.kernel_w; ++kw)
              to = copy_padded(g, image, row, column + kw * g.dilation_w, 1, to);
        }
    result.column_step = g.kernel_h * g.kernel_w * g.in_c;
    result.row_step = g.out_w * result.column_step;
    result.runs = {.length = g.group_in(),
                   .inner = g.kernel_w,
                   .inner_step = g.in_c,
                   .outer = g.kernel_h,
                   .outer_step = g.kernel_w * g.in_c};
  } else {
    Index pixels_per_row = g.in_w;
    if (staging == Staging::padded_rows) {
      pixels_per_row = (g.out_w - 1) * g.stride_w + extent_w(g);
      T* to = buffer;
      for (Index row = 0; row < (rows - 1) * g.stride_h + extent_h(g); ++row)
        to = copy_padded(g, image, first_row * g.stride_h - g.pad_top + row, -g.pad_left, pixels_per_row, to);
    } else {
      result.origin = image + ((first_row * g.stride_h - g.pad_top) * g.in_w - g.pad_left) * g.in_c;
    }
    result.row_step = g.stride_h * pixels_per_row * g.in_c;
    result.runs = {.length = g.group_in(),
                   .inner = g.kernel_w,
                   .inner_step = g.dilation_w * g.in_c,
                   .outer = g.kernel_h,
                   .outer_step = g.dilation_h * pixels_per_row * g.in_c};
  }
  result.runs.merge();
  return result;
}

}  // namespace amdefect::detail
