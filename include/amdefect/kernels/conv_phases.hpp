#pragma once

#include <algorithm>
#include <numeric>

#include "amdefect/kernels/geometry.hpp"

/// The input gradient of a convolution with any stride as convolutions over dy with stride 1: one for each pair of
/// phases, which are the input rows (columns) first, first + stride, ...
namespace amdefect::detail {

/// Where the result of a convolution goes: pixel (h, w) to (first_h + h step_h, first_w + w step_w) of an image of
/// height x width pixels.
struct Placement {
  Index height, width;
  Index first_h = 0, first_w = 0, step_h = 1, step_w = 1;

  Index pixel(Index image, Index h, Index w) const {
    return (image * height + first_h + h * step_h) * width + first_w + w * step_w;
  }
};

/// The taps of one kernel axis that reach the input positions first, first + stride, ...: a stride-1 convolution over
/// dy with the taps last_tap, last_tap - tap_step, ... of the kernel.
struct Phase {
  Index taps = 0, last_tap = 0, tap_step = 1, dilation = 1, pad = 0, out = 0;
};

/// Input position i meets tap k at output position (i + pad - k dilation) / stride where that is an integer.
inline Phase phase_of(Index first, Index in, Index kernel, Index stride, Index dilation, Index pad) {
  Phase phase;
  phase.out = first < in ? (in - first + stride - 1) / stride : 0;
  phase.tap_step = stride / std::gcd(stride, dilation);
  phase.dilation = phase.tap_step * dilation / stride;
  Index tap = 0;
  while (tap < std::min(phase.tap_step, kernel) && (first + pad - tap * dilation) % stride != 0) ++tap;
  if (tap >= std::min(phase.tap_step, kernel)) return phase;
  phase.taps = (kernel - tap + phase.tap_step - 1) / phase.tap_step;
  phase.last_tap = tap + (phase.taps - 1) * phase.tap_step;
  phase.pad = -(first + pad - phase.last_tap * dilation) / stride;
  return phase;
}

/// The convolution over dy that gives the input gradient of one pair of phases.
inline ConvGeometry phase_geometry(const ConvGeometry& g, const Phase& h, const Phase& w) {
  return {.batch = g.batch,
          .in_h = g.out_h,
          .in_w = g.out_w,
          .in_c = g.out_c,
          .out_h = h.out,
          .out_w = w.out,
          .out_c = g.in_c,
          .kernel_h = h.taps,
          .kernel_w = w.taps,
          .dilation_h = h.dilation,
          .dilation_w = w.dilation,
          .pad_top = h.pad,
          .pad_left = w.pad,
          .groups = g.groups};
}

/// Calls body(phase geometry, phase_h, phase_w, first_h, first_w) for every pair of phases.
template <class Body>
void for_each_phase(const ConvGeometry& g, Body&& body) {
  for (Index h = 0; h < std::min(g.stride_h, g.in_h); ++h)
    for (Index w = 0; w < std::min(g.stride_w, g.in_w); ++w) {
      const Phase phase_h = phase_of(h, g.in_h, g.kernel_h, g.stride_h, g.dilation_h, g.pad_top);
      const Phase phase_w = phase_of(w, g.in_w, g.kernel_w, g.stride_w, g.dilation_w, g.pad_left);
      body(phase_geometry(g, phase_h, phase_w), phase_h, phase_w, h, w);
    }
}

}  // namespace amdefect::detail
