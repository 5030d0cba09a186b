#pragma once

#include <limits>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/kernels/simd.hpp"

/// Max and average pooling on NHWC. Work is split over images and, where there are too few, over blocks of channels, so
/// that windows which overlap never meet in two threads.
namespace amdefect {

namespace detail {

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

/// The channels [first, last) of an image, which one thread works on.
struct PoolPart {
  Index image, first, last;
};

/// Calls body(part) for all parts.
template <class Body>
void for_each_pool_part(int requested, const PoolGeometry& g, const Body& body) {
  constexpr Index line = 16;  // channels that are never shared out: a line of the cache in float
  const Index lines = (g.channels + line - 1) / line;
  const int threads = threads_for(requested, g.batch * g.out_h * g.out_w * g.channels * g.pool_h * g.pool_w);
  const Index team = resolve_threads(threads);
  const Index per_image = g.batch % team == 0 ? 1 : std::min(team, lines);
  parallel_for(threads, g.batch * per_image, [&](Index begin, Index end, int) {
    for (Index i = begin; i < end; ++i) {
      const Index part = i % per_image;
      const Index first = lines * part / per_image * line, last = lines * (part + 1) / per_image * line;
      body(PoolPart{i / per_image, first, std::min(last, g.channels)});
    }
  });
}

/// Calls body(vectors as a constant, whole as a constant, channel, channels of its last vector) until all channels of
/// the part have had their turn, several vectors at a time. Only the last vector may have fewer channels than elements.
template <class T, class Body>
[[gnu::always_inline]] inline void for_each_channel_group(const PoolPart& part, Body&& body) {
  constexpr Index width = simd::width<T>;
  Index c = part.first;
  for (; c + 4 * width <= part.last; c += 4 * width) body(std::integral_constant<int, 4>{}, std::true_type{}, c, width);
  for (; c + width <= part.last; c += width) body(std::integral_constant<int, 1>{}, std::true_type{}, c, width);
  if (c < part.last) body(std::integral_constant<int, 1>{}, std::false_type{}, c, part.last - c);
}

/// The element (image, h, w, 0) of a tensor.
inline Index pool_pixel(Index height, Index width, Index channels, Index image, Index h, Index w) {
  return ((image * height + h) * width + w) * channels;
}

/// y = finish(fold of all pixels of the window by combine, starting with `start`, window).
template <class T, class Combine, class Finish>
void pool_forward(int threads, const PoolGeometry& g, T start, const T* x, T* y, const Combine& combine,
                  const Finish& finish) {
  for_each_pool_part(threads, g, [&](const PoolPart& part) {
    for (Index i = 0; i < g.out_h; ++i)
      for (Index j = 0; j < g.out_w; ++j) {
        const PoolWindow window = pool_window(g, i, j);
        T* out = y + pool_pixel(g.out_h, g.out_w, g.channels, part.image, i, j);
        const T* in = x + pool_pixel(g.in_h, g.in_w, g.channels, part.image, window.top, window.left);
        for_each_channel_group<T>(
            part, [&](auto vectors, auto whole, Index c, Index count) __attribute__((always_inline)) {
              simd::Vector<T> folded[vectors];
              simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) { folded[v] = simd::broadcast(start); });
              for (Index h = 0; h < window.bottom - window.top; ++h)
                for (Index w = 0; w < window.right - window.left; ++w) {
                  const T* pixel = in + (h * g.in_w + w) * g.channels + c;
                  simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                    folded[v] = combine(folded[v], simd::load_part<whole>(pixel + v * simd::width<T>, count));
                  });
                }
              simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                simd::store_part<whole>(out + c + v * simd::width<T>, finish(folded[v], window), count);
              });
            });
      }
  });
}

/// Zeros behind the pixels of a part that windows are going to add to, row by row just before the first does, so that
/// they are still in the cache.
template <class T>
class GradientRows {
 public:
  GradientRows(const PoolGeometry& g, const PoolPart& part, T* dx) : g_(g), part_(part), dx_(dx) {}
  void zero_until(Index row) {
    for (; row_ < row; ++row_)
      for (Index w = 0; w < g_.in_w; ++w)
        std::fill_n(dx_ + pool_pixel(g_.in_h, g_.in_w, g_.channels, part_.image, row_, w) + part_.first,
                    part_.last - part_.first, T{0});
  }

 private:
  const PoolGeometry& g_;
  const PoolPart& part_;
  T* dx_;
  Index row_ = 0;
};

/// dx = sum over the windows of what `share(state, pixel)` gives each of their pixels, in row-major order, where
/// state = begin(output pixel as an offset, window) for some channels. Overwrites dx.
template <class T, class Begin, class Share>
void pool_backward(int threads, const PoolGeometry& g, T* dx, const Begin& begin, const Share& share) {
  for_each_pool_part(threads, g, [&](const PoolPart& part) {
    GradientRows<T> gradient(g, part, dx);
    for (Index i = 0; i < g.out_h; ++i) {
      gradient.zero_until(pool_window(g, i, 0).bottom);
      for (Index j = 0; j < g.out_w; ++j) {
        const PoolWindow window = pool_window(g, i, j);
        const Index out = pool_pixel(g.out_h, g.out_w, g.channels, part.image, i, j);
        const Index in = pool_pixel(g.in_h, g.in_w, g.channels, part.image, window.top, window.left);
        for_each_channel_group<T>(
            part, [&](auto vectors, auto whole, Index c, Index count) __attribute__((always_inline)) {
              using State = decltype(begin(whole, out, window, count));
              State state[vectors];
              simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                state[v] = begin(whole, out + c + v * simd::width<T>, window, count);
              });
              for (Index h = 0; h < window.bottom - window.top; ++h)
                for (Index w = 0; w < window.right - window.left; ++w) {
                  const Index pixel = in + (h * g.in_w + w) * g.channels + c;
                  simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                    const Index at = pixel + v * simd::width<T>;
                    const auto sum = simd::load_part<whole>(dx + at, count) + share(whole, state[v], at, count);
                    simd::store_part<whole>(dx + at, sum, count);
                  });
                }
            });
      }
    }
    gradient.zero_until(g.in_h);
  });
}

}  // namespace detail

/// y = largest value of each window; padding never wins.
template <class T>
void max_pool_forward(int threads, const PoolGeometry& g, const T* x, T* y) {
  detail::pool_forward(
      threads, g, -std::numeric_limits<T>::infinity(), x, y,
      [](auto best, auto value) __attribute__((always_inline)) { return value > best ? value : best; },
      [](auto best, const auto&) __attribute__((always_inline)) { return best; });
}

/// dx: each dy goes to the first largest value of its window in row-major order. Overwrites dx.
template <class T>
void max_pool_backward(int threads, const PoolGeometry& g, const T* x, const T* y, const T* dy, T* dx) {
  using Vector = simd::Vector<T>;
  struct State {
    Vector largest, pending;  // pending: dy until a pixel has won it, then 0
  };
  detail::pool_backward(
      threads, g, dx,
      [=](auto whole, Index out, const auto&, Index count) __attribute__((always_inline)) {
        return State{simd::load_part<whole>(y + out, count), simd::load_part<whole>(dy + out, count)};
      },
      [=](auto whole, State& state, Index in, Index count) __attribute__((always_inline)) {
        const auto wins = simd::load_part<whole>(x + in, count) == state.largest;
        const Vector won = wins ? state.pending : Vector{};
        state.pending = wins ? Vector{} : state.pending;
        return won;
      });
}

/// y = mean of each window; padding does not count (TensorFlow).
template <class T>
void average_pool_forward(int threads, const PoolGeometry& g, const T* x, T* y) {
  detail::pool_forward(
      threads, g, T{0}, x, y, [](auto sum, auto value) __attribute__((always_inline)) { return sum + value; },
      [](auto sum, const auto& window) __attribute__((always_inline)) { return sum / static_cast<T>(window.area()); });
}

/// dx: each dy is shared equally by the pixels of its window. Overwrites dx.
template <class T>
void average_pool_backward(int threads, const PoolGeometry& g, const T* dy, T* dx) {
  detail::pool_backward(
      threads, g, dx,
      [=](auto whole, Index out, const auto& window, Index count) __attribute__((always_inline)) {
        return simd::load_part<whole>(dy + out, count) / static_cast<T>(window.area());
      },
      [](auto, const auto& part_of_dy, Index, Index) __attribute__((always_inline)) { return part_of_dy; });
}

AMDEFECT_COMPILED_FUNCTION(max_pool_forward)
AMDEFECT_COMPILED_FUNCTION(max_pool_backward)
AMDEFECT_COMPILED_FUNCTION(average_pool_forward)
AMDEFECT_COMPILED_FUNCTION(average_pool_backward)

}  // namespace amdefect
