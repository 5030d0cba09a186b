#pragma once

#include <algorithm>

#include "amdefect/core/execution.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/kernels/simd.hpp"

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

/// Channels handled together: four vectors are enough independent sums to hide the latency of a multiply-add.
template <class T>
inline constexpr int depthwise_vectors = 4;

/// Calls body(vectors as a constant, first channel, channels) for blocks of channels; the last block may be a partial
/// vector.
template <class T, class Body>
void for_each_channel_block(Index channels, Body&& body) {
  constexpr Index width = simd::width<T>, block = depthwise_vectors<T> * width;
  Index c = 0;
  for (; c + block <= channels; c += block) body(std::integral_constant<int, depthwise_vectors<T>>{}, c, block);
  for (; c < channels; c += width) body(std::integral_constant<int, 1>{}, c, std::min(width, channels - c));
}

/// sum += x * kernel for `vectors` vectors of channels, or one with only `channels` valid elements.
template <class T, int vectors>
[[gnu::always_inline]] inline void add_product(simd::Vector<T> (&sum)[vectors], const T* x, const T* kernel,
                                               Index channels) {
  simd::unroll<vectors>([&](auto v) __attribute__((always_inline)) {
    constexpr Index first = v * simd::width<T>;
    if constexpr (vectors > 1)
      sum[v] += simd::load(x + first) * simd::load(kernel + first);
    else
      sum[v] += simd::load(x, channels) * simd::load(kernel, channels);
  });
}

template <class T>
void depthwise_forward(const Execution& execution, const ConvGeometry& g, const T* x, const T* kernel,
                       const ConvEpilogue<T>& epilogue, T* y) {
  parallel_for(execution.threads, g.batch * g.out_h, [&](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row) {
      const Index top = row % g.out_h * g.stride_h - g.pad_top;
      const TapRange taps_h(top, g.kernel_h, g.dilation_h, g.in_h);
      for (Index ow = 0; ow < g.out_w; ++ow) {
        const Index left = ow * g.stride_w - g.pad_left;
        const TapRange taps_w(left, g.kernel_w, g.dilation_w, g.in_w);
        T* out = y + (row * g.out_w + ow) * g.out_c;
        for_each_channel_block<T>(g.out_c, [&](auto vectors, Index c, Index channels) {
          simd::Vector<T> sum[vectors]{};
          for (Index kh = taps_h.first; kh < taps_h.last; ++kh)
            for (Index kw = taps_w.first; kw < taps_w.last; ++kw) {
              const Index ih = row / g.out_h * g.in_h + top + kh * g.dilation_h, iw = left + kw * g.dilation_w;
              add_product<T, vectors>(sum, x + (ih * g.in_w + iw) * g.in_c + c,
                                      kernel + (kh * g.kernel_w + kw) * g.out_c + c, channels);
            }
          for (int v = 0; v < vectors; ++v)
            simd::store(out + c + v * simd::width<T>, sum[v], channels - v * simd::width<T>);
        });
        if (!epilogue.empty())
          for (Index c = 0; c < g.out_c; ++c) out[c] = epilogue(out[c], c);
      }
    }
  });
}

/// Every input pixel gathers from the output pixels it contributed to.
template <class T>
void depthwise_backward_input(const Execution& execution, const ConvGeometry& g, const T* dy, const T* kernel, T* dx) {
  parallel_for(execution.threads, g.batch * g.in_h, [&](Index begin, Index end, int) {
    for (Index row = begin; row < end; ++row)
      for (Index iw = 0; iw < g.in_w; ++iw)
        for_each_channel_block<T>(g.in_c, [&](auto vectors, Index c, Index channels) {
          simd::Vector<T> sum[vectors]{};
          for (Index kh = 0; kh < g.kernel_h; ++kh) {
            const Index oh = row % g.in_h + g.pad_top - kh * g.dilation_h;
            if (oh < 0 || oh % g.stride_h != 0 || oh / g.stride_h >= g.out_h) continue;
            for (Index kw = 0; kw < g.kernel_w; ++kw) {
              const Index ow = iw + g.pad_left - kw * g.dilation_w;
              if (ow < 0 || ow % g.stride_w != 0 || ow / g.stride_w >= g.out_w) continue;
              const Index pixel = (row / g.in_h * g.out_h + oh / g.stride_h) * g.out_w + ow / g.stride_w;
              add_product<T, vectors>(sum, dy + pixel * g.out_c + c, kernel + (kh * g.kernel_w + kw) * g.out_c + c,
                                      channels);
            }
          }
          for (int v = 0; v < vectors; ++v)
            simd::store(dx + (row * g.in_w + iw) * g.in_c + c + v * simd::width<T>, sum[v],
                        channels - v * simd::width<T>);
        });
  });
}

/// Each thread owns some rows of taps and channel vectors of the kernel: the result does not depend on the number of
/// threads. Sums of one row of pixels stay in registers.
template <class T>
void depthwise_backward_kernel(const Execution& execution, const ConvGeometry& g, const T* x, const T* dy, T* dkernel) {
  constexpr Index width = simd::width<T>;
  const Index blocks = (g.in_c + width - 1) / width;
  parallel_for(execution.threads, g.kernel_h * blocks, [&](Index begin, Index end, int) {
    for (Index i = begin; i < end; ++i) {
      const Index kh = i / blocks, c = i % blocks * width, channels = std::min(width, g.in_c - c);
      for (Index row = 0; row < g.batch * g.out_h; ++row) {
        const Index ih = row % g.out_h * g.stride_h - g.pad_top + kh * g.dilation_h;
        if (ih < 0 || ih >= g.in_h) continue;
        for (Index kw = 0; kw < g.kernel_w; ++kw) {
          const TapRange pixels(kw * g.dilation_w - g.pad_left, g.out_w, g.stride_w, g.in_w);
          const T* from = x + ((row / g.out_h * g.in_h + ih) * g.in_w + kw * g.dilation_w - g.pad_left) * g.in_c + c;
          const T* gradient = dy + row * g.out_w * g.out_c + c;
          simd::Vector<T> sum[1]{};
          for (Index ow = pixels.first; ow < pixels.last; ++ow)
            add_product<T, 1>(sum, from + ow * g.stride_w * g.in_c, gradient + ow * g.out_c, channels);
          T* to = dkernel + (kh * g.kernel_w + kw) * g.out_c + c;
          simd::store(to, sum[0] + simd::load(to, channels), channels);
        }
      }
    }
  });
}

}  // namespace amdefect::detail
