#pragma once

#include <algorithm>
#include <ostream>

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// How a sliding window treats the border. `same` and `valid` are TensorFlow's; `explicit_pads` takes the given ones.
enum class PaddingMode { valid, same, explicit_pads };

/// Padding of a window operation, in pixels.
struct Padding {
  PaddingMode mode = PaddingMode::valid;
  Index top = 0, bottom = 0, left = 0, right = 0;

  static Padding valid() { return {}; }
  static Padding same() { return {.mode = PaddingMode::same}; }
  static Padding pixels(Index all) { return pixels(all, all, all, all); }
  static Padding pixels(Index top, Index bottom, Index left, Index right) {
    return {PaddingMode::explicit_pads, top, bottom, left, right};
  }
};

/// One spatial axis of a window operation: output size and the padding before and after.
struct WindowAxis {
  Index out = 0, before = 0, after = 0;
};

/// TensorFlow's rule. same: out = ceil(in / stride), total = max((out - 1) stride + extent - in, 0), half of it
/// (rounded down) before; else out = floor((in + before + after - extent) / stride) + 1, extent = (window - 1) dilation
/// + 1. `out` is 0 or less where the window does not fit.
inline WindowAxis window_axis(Index in, Index window, Index stride, Index dilation, PaddingMode mode, Index before,
                              Index after) {
  const Index extent = (window - 1) * dilation + 1;
  if (mode == PaddingMode::same) {
    const Index out = (in + stride - 1) / stride;
    const Index total = std::max<Index>((out - 1) * stride + extent - in, 0);
    return {out, total / 2, total - total / 2};
  }
  const Index span = in + before + after - extent;
  return {span < 0 ? 0 : span / stride + 1, before, after};
}

/// The sizes a 2-D convolution kernel works on. Input and output are NHWC; the kernel is HWIO:
/// (kernel_h, kernel_w, in_c / groups, out_c). Output channel o reads the input channels of group o / (out_c / groups).
struct ConvGeometry {
  Index batch = 1;
  Index in_h = 1, in_w = 1, in_c = 1;
  Index out_h = 1, out_w = 1, out_c = 1;
  Index kernel_h = 1, kernel_w = 1;
  Index stride_h = 1, stride_w = 1;
  Index dilation_h = 1, dilation_w = 1;
  Index pad_top = 0, pad_left = 0;
  Index groups = 1;

  Index group_in() const { return in_c / groups; }
  Index group_out() const { return out_c / groups; }
  Index input_size() const { return batch * in_h * in_w * in_c; }
  Index output_size() const { return batch * out_h * out_w * out_c; }
  Index kernel_size() const { return kernel_h * kernel_w * group_in() * out_c; }
  /// Multiply-accumulate operations of the definition (padding counted).
  Index macs() const { return output_size() * kernel_h * kernel_w * group_in(); }

  friend bool operator==(const ConvGeometry&, const ConvGeometry&) = default;
};

/// The outputs [first, last) of one axis whose windows lie between the borders.
struct InnerRange {
  Index first = 0, last = 0;
};

inline InnerRange inner_range(Index in, Index out, Index kernel, Index stride, Index dilation, Index pad) {
  const Index span = in + pad - (kernel - 1) * dilation - 1;  // where the last such window would start, padding counted
  const Index first = std::clamp<Index>((pad + stride - 1) / stride, 0, out);
  return {first, std::clamp<Index>(span < 0 ? 0 : span / stride + 1, first, std::max(first, out))};
}
inline InnerRange inner_rows(const ConvGeometry& g) {
  return inner_range(g.in_h, g.out_h, g.kernel_h, g.stride_h, g.dilation_h, g.pad_top);
}
inline InnerRange inner_columns(const ConvGeometry& g) {
  return inner_range(g.in_w, g.out_w, g.kernel_w, g.stride_w, g.dilation_w, g.pad_left);
}

/// The sizes a 2-D pooling kernel works on (NHWC).
struct PoolGeometry {
  Index batch = 1;
  Index in_h = 1, in_w = 1, channels = 1;
  Index out_h = 1, out_w = 1;
  Index pool_h = 1, pool_w = 1;
  Index stride_h = 1, stride_w = 1;
  Index pad_top = 0, pad_left = 0;
};

}  // namespace amdefect
