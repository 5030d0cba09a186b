#pragma once

#include <array>
#include <limits>

#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/geometry.hpp"

/// Max and average pooling on NHWC. Work is split over images and blocks of channels, so that windows which overlap
/// never meet in two threads.
namespace amdefect {

namespace detail {

inline constexpr Index pool_lanes = 16;
template <class T>
using PoolLanes = std::array<T, pool_lanes>;

/// The part of a window that lies inside of the input, in input pixels [top, bottom) x [left, right).
struct PoolWindow {
  Index top, bottom, left, right;
  Index area() const { return (bottom - top) * (right - left); }
};

inline PoolWindow pool_window(const PoolGeometry& g, Index i, Index j) {
  const Index top = i * g.stride_h - g.pad_top;
  const Index left = j * g.stride_w - g.pad_left;
  return {std::max<Index>(top, 0), std::min(top + g.pool_h, g.in_h), std::max<Index>(left, 0),
          std::min(left + g.pool_w, g.in_w)};
}

/// Calls `body(image, first_channel, channels, output_index, window)` for every output pixel and channel block.
template <class Body>
void for_each_pool_window(int threads, const PoolGeometry& g, const Body& body) {
  const Index blocks = (g.channels + pool_lanes - 1) / pool_lanes;
  const Index elements = g.batch * g.out_h * g.out_w * g.channels * g.pool_h * g.pool_w;
  parallel_for(threads_for(threads, elements), g.batch * blocks, [&](Index begin, Index end, int) {
    for (Index item = begin; item < end; ++item) {
      const Index image = item / blocks, first = item % blocks * pool_lanes;
      const Index count = std::min(pool_lanes, g.channels - first);
      for (Index i = 0; i < g.out_h; ++i)
        for (Index j = 0; j < g.out_w; ++j)
          body(image, first, count, ((image * g.out_h + i) * g.out_w + j) * g.channels + first, pool_window(g, i, j));
    }
  });
}

/// Calls `body(input_index)` for every pixel of the window in row-major order.
template <class Body>
void for_each_pixel(const PoolGeometry& g, Index image, Index first, const PoolWindow& w, const Body& body) {
  for (Index h = w.top; h < w.bottom; ++h)
    for (Index v = w.left; v < w.right; ++v) body(((image * g.in_h + h) * g.in_w + v) * g.channels + first);
}

}  // namespace detail

/// y = largest value of each window; padding never wins.
template <class T>
void max_pool_forward(int threads, const PoolGeometry& g, const T* x, T* y) {
  detail::for_each_pool_window(threads, g, [&](Index image, Index first, Index count, Index out, const auto& window) {
    detail::PoolLanes<T> best;
    best.fill(-std::numeric_limits<T>::infinity());
    detail::for_each_pixel(g, image, first, window, [&](Index in) {
      for (Index c = 0; c < count; ++c) {
        T& top = best[static_cast<std::size_t>(c)];
        top = x[in + c] > top ? x[in + c] : top;
      }
    });
    std::copy_n(best.begin(), count, y + out);
  });
}

/// dx: each dy goes to the first largest value of its window in row-major order. Overwrites dx.
template <class T>
void max_pool_backward(int threads, const PoolGeometry& g, const T* x, const T* y, const T* dy, T* dx) {
  std::fill_n(dx, g.batch * g.in_h * g.in_w * g.channels, T{0});
  detail::for_each_pool_window(threads, g, [&](Index image, Index first, Index count, Index out, const auto& window) {
    detail::PoolLanes<T> pending;
    std::copy_n(dy + out, count, pending.begin());
    detail::for_each_pixel(g, image, first, window, [&](Index in) {
      for (Index c = 0; c < count; ++c) {
        T& rest = pending[static_cast<std::size_t>(c)];
        const bool winner = x[in + c] == y[out + c];
        dx[in + c] += winner ? rest : T{0};
        rest = winner ? T{0} : rest;
      }
    });
  });
}

/// y = mean of each window; padding does not count (TensorFlow).
template <class T>
void average_pool_forward(int threads, const PoolGeometry& g, const T* x, T* y) {
  detail::for_each_pool_window(threads, g, [&](Index image, Index first, Index count, Index out, const auto& window) {
    detail::PoolLanes<T> sum{};
    detail::for_each_pixel(g, image, first, window, [&](Index in) {
      for (Index c = 0; c < count; ++c) sum[static_cast<std::size_t>(c)] += x[in + c];
    });
    for (Index c = 0; c < count; ++c) y[out + c] = sum[static_cast<std::size_t>(c)] / static_cast<T>(window.area());
  });
}

/// dx: each dy is shared equally by the pixels of its window. Overwrites dx.
template <class T>
void average_pool_backward(int threads, const PoolGeometry& g, const T* dy, T* dx) {
  std::fill_n(dx, g.batch * g.in_h * g.in_w * g.channels, T{0});
  detail::for_each_pool_window(threads, g, [&](Index image, Index first, Index count, Index out, const auto& window) {
    const auto area = static_cast<T>(window.area());
    detail::for_each_pixel(g, image, first, window, [&](Index in) {
      for (Index c = 0; c < count; ++c) dx[in + c] += dy[out + c] / area;
    });
  });
}

}  // namespace amdefect
