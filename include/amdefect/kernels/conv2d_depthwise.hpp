#pragma once

#include <algorithm>

#include "amdefect/core/execution.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/conv_phases.hpp"
#include "amdefect/kernels/gemm_tile.hpp"

/// Depthwise convolution with one output per input channel (in_c = out_c = groups): no products between channels, so
/// that vectors run along the channels and every tap is one multiply-add of a pixel with the kernel.
namespace amdefect::detail {

inline bool is_depthwise(const ConvGeometry& g) { return g.groups == g.in_c && g.out_c == g.in_c && g.groups > 1; }

/// The taps [first, last) of one axis for which position + tap * dilation lies in [0, size).
struct TapRange {
  Index first, last;

  TapRange(Index position, Index taps, Index dilation, Index size)
      : first(position < 0 ? std::min((-position + dilation - 1) / dilation, taps) : 0),
        last(position < size ? std::clamp((size - 1 - position) / dilation + 1, first, taps) : first) {}
};

/// Calls body(whole as a constant, first channel, channels) for each vector of channels; whole: all elements valid.
template <class T, class Body>
[[gnu::always_inline]] inline void for_each_channel_vector(Index channels, Body&& body) {
  Index c = 0;
  for (; c + simd::width<T> <= channels; c += simd::width<T>) body(std::true_type{}, c, simd::width<T>);
  if (c < channels) body(std::false_type{}, c, channels - c);
}

/// A depthwise kernel: tap (h, w) has its channels at origin + h step_h + w step_w.
template <class T>
struct DepthwiseTaps {
  const T* origin;
  Index step_h, step_w;
};

/// The outputs of `pixels` neighbours: every tap is loaded once for all of them. `x`: the input under the first tap of
/// the first pixel; `next_row` and `next_tap` lead to the inputs under the next taps, `next_pixel` to the next window.
template <class T, int pixels>
void depthwise_pixels(const T* x, Index next_row, Index next_tap, Index next_pixel, const DepthwiseTaps<T>& taps,
                      const TapRange& taps_h, const TapRange& taps_w, Index all_channels,
                      const ConvEpilogue<T>& epilogue, T* y, Index y_step) {
  for_each_channel_vector<T>(all_channels, [&](auto whole, Index c, Index channels) {
    simd::Vector<T> sum[pixels][1]{};
    for (Index h = taps_h.first; h < taps_h.last; ++h)
      for (Index w = taps_w.first; w < taps_w.last; ++w) {
        const T* from = x + h * next_row + w * next_tap + c;
        const auto tap = simd::load_part<whole>(taps.origin + h * taps.step_h + w * taps.step_w + c, channels);
        simd::unroll<pixels>([&](auto p) __attribute__((always_inline)) {
          sum[p][0] += simd::load_part<whole>(from + p * next_pixel, channels) * tap;
        });
      }
    if (!epilogue.empty()) apply_epilogue(sum, 0, c, channels, epilogue);
    simd::unroll<pixels>([&](auto p)
                             __attribute__((always_inline)) { simd::store(y + p * y_step + c, sum[p][0], channels); });
  });
}

/// y = epilogue(x * taps). Inner pixels are computed several at a time.
template <class T>
void depthwise_correlate(const Execution& execution, const ConvGeometry& g, const T* x, const DepthwiseTaps<T>& taps,
                         const ConvEpilogue<T>& epilogue, T* y, const Placement& placement) {
  const InnerRange inner = inner_columns(g);
  const Index next_row = g.dilation_h * g.in_w * g.in_c, next_tap = g.dilation_w * g.in_c;
  parallel_for(execution.threads, g.batch * g.out_h, [&](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row) {
      const Index image = row / g.out_h, oh = row % g.out_h, top = oh * g.stride_h - g.pad_top;
      const TapRange taps_h(top, g.kernel_h, g.dilation_h, g.in_h);
      const T* from = x + (image * g.in_h + top) * g.in_w * g.in_c;
      const auto compute = [&](auto pixels, Index ow) {
        const Index left = ow * g.stride_w - g.pad_left;
        const TapRange taps_w(left, g.kernel_w, g.dilation_w, g.in_w);
        depthwise_pixels<T, pixels>(from + left * g.in_c, next_row, next_tap, g.stride_w * g.in_c, taps, taps_h, taps_w,
                                    g.in_c, epilogue, y + placement.pixel(image, oh, ow) * g.in_c,
                                    placement.step_w * g.in_c);
      };
      Index ow = 0;
      for (; ow < inner.first; ++ow) compute(std::integral_constant<int, 1>{}, ow);
      for (; ow + 8 <= inner.last; ow += 8) compute(std::integral_constant<int, 8>{}, ow);
      for (; ow + 4 <= inner.last; ow += 4) compute(std::integral_constant<int, 4>{}, ow);
      for (; ow < g.out_w; ++ow) compute(std::integral_constant<int, 1>{}, ow);
    }
  });
}

template <class T>
void depthwise_forward(const Execution& execution, const ConvGeometry& g, const T* x, const T* kernel,
                       const ConvEpilogue<T>& epilogue, T* y) {
  depthwise_correlate(execution, g, x, {kernel, g.kernel_w * g.in_c, g.in_c}, epilogue, y, {g.out_h, g.out_w});
}

/// Where no tap reaches the pixels of a phase, the sum over no taps is the 0 they get.
template <class T>
void depthwise_backward_input(const Execution& execution, const ConvGeometry& g, const T* dy, const T* kernel, T* dx) {
  for_each_phase(g, [&](const ConvGeometry& phase, const Phase& h, const Phase& w, Index first_h, Index first_w) {
    const DepthwiseTaps<T> taps{kernel + (h.last_tap * g.kernel_w + w.last_tap) * g.in_c,
                                -h.tap_step * g.kernel_w * g.in_c, -w.tap_step * g.in_c};
    depthwise_correlate<T>(execution, phase, dy, taps, {}, dx,
                           {g.in_h, g.in_w, first_h, first_w, g.stride_h, g.stride_w});
  });
}

/// Adds the gradient of `taps` neighbouring taps over one row of dy: their sums stay in registers. `x`: the input row
/// at the column `left` that the first tap meets at the first pixel.
template <class T, int taps, bool whole>
void add_depthwise_row(const ConvGeometry& g, const InnerRange& inner, const T* x, Index left, const T* dy,
                       Index channels, T* dkernel) {
  const Index next_tap = g.dilation_w * g.in_c, next_pixel = g.stride_w * g.in_c;
  simd::Vector<T> sum[taps]{};
  const auto add = [&](auto at_border, Index ow) __attribute__((always_inline)) {
    const auto gradient = simd::load_part<whole>(dy + ow * g.in_c, channels);
    simd::unroll<taps>([&](auto t) __attribute__((always_inline)) {
      if constexpr (at_border) {
        const Index iw = left + ow * g.stride_w + t * g.dilation_w;
        if (iw < 0 || iw >= g.in_w) return;
      }
      sum[t] += simd::load_part<whole>(x + ow * next_pixel + t * next_tap, channels) * gradient;
    });
  };
  for (Index ow = 0; ow < inner.first; ++ow) add(std::true_type{}, ow);
  for (Index ow = inner.first; ow < inner.last; ++ow) add(std::false_type{}, ow);
  for (Index ow = inner.last; ow < g.out_w; ++ow) add(std::true_type{}, ow);
  for (int t = 0; t < taps; ++t)
    simd::store(dkernel + t * g.in_c, sum[t] + simd::load_part<whole>(dkernel + t * g.in_c, channels), channels);
}

/// Each thread owns some vectors of channels: the result does not depend on the number of threads.
template <class T>
void depthwise_backward_kernel(const Execution& execution, const ConvGeometry& g, const T* x, const T* dy, T* dkernel) {
  const InnerRange inner = inner_columns(g);
  const Index vectors = (g.in_c + simd::width<T> - 1) / simd::width<T>;
  parallel_for(execution.threads, vectors, [&](Index begin, Index end, int) {
    const Index first = begin * simd::width<T>, channels = std::min(end * simd::width<T>, g.in_c) - first;
    for (Index row = 0; row < g.batch * g.out_h; ++row) {
      const Index top = row % g.out_h * g.stride_h - g.pad_top;
      const TapRange taps_h(top, g.kernel_h, g.dilation_h, g.in_h);
      for (Index kh = taps_h.first; kh < taps_h.last; ++kh) {
        const Index ih = row / g.out_h * g.in_h + top + kh * g.dilation_h;
        const auto add = [&](auto taps, Index kw) {
          const Index left = kw * g.dilation_w - g.pad_left;
          for_each_channel_vector<T>(channels, [&](auto whole, Index c, Index count) {
            add_depthwise_row<T, taps, whole>(g, inner, x + (ih * g.in_w + left) * g.in_c + first + c, left,
                                              dy + row * g.out_w * g.in_c + first + c, count,
                                              dkernel + (kh * g.kernel_w + kw) * g.in_c + first + c);
          });
        };
        Index kw = 0;
        for (; kw + 3 <= g.kernel_w; kw += 3) add(std::integral_constant<int, 3>{}, kw);
        for (; kw < g.kernel_w; ++kw) add(std::integral_constant<int, 1>{}, kw);
      }
    }
  });
}

}  // namespace amdefect::detail
