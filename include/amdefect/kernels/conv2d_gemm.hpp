#pragma once

#include <numeric>

#include "amdefect/kernels/conv_staging.hpp"

/// Convolution and its gradients as tiled matrix products (see conv_staging.hpp), for every geometry.
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

/// Elements of scratch memory behind the packed kernel: what all threads stage.
inline Index stage_scratch_per_thread(const ConvGeometry& g, Staging staging, int threads) {
  return staging_size(g, staging, Bands(g, staging, threads).longest());
}

/// y = epilogue(x * kernel) for the kernel packed group by group; `buffers` holds one staging buffer per thread.
template <class T>
void correlate(const Execution& execution, const ConvGeometry& g, Staging staging, const T* x, const T* packed,
               const ConvEpilogue<T>& epilogue, T* y, const Placement& placement, T* buffers) {
  const int threads = resolve_threads(execution.threads);
  const Bands bands(g, staging, threads);
  const Index buffer_size = aligned<T>(staging_size(g, staging, bands.longest()));
  const Index k = g.kernel_h * g.kernel_w * g.group_in();
  parallel_for(threads, bands.count(), [&](Index begin, Index end, int thread) {
    for (Index i = begin; i < end; ++i) {
      const Band band = bands[i];
      const StagedInput<T> staged = stage(g, staging, x, band, buffers + thread * buffer_size);
      for (Index group = 0; group < g.groups; ++group)
        for_each_part(staged.runs, [&](const Runs& runs, Index offset, Index packed_row) {
          const bool last_part = packed_row + runs.size() == k;
          const TileOutput<T> output{.accumulate = packed_row > 0,
                                     .epilogue = last_part && !epilogue.empty() ? &epilogue : nullptr,
                                     .first_channel = group * g.group_out()};
          const T* kernel = packed + group * packed_size<T>(k, g.group_out()) + packed_row * GemmTile<T>::columns;
          const T* source = staged.origin + (band.first % g.out_w) * staged.column_step + group * g.group_in() + offset;
          T* target = y + placement.pixel(band.image, band.first / g.out_w, band.first % g.out_w) * g.out_c +
                      group * g.group_out();
          Index w = band.first % g.out_w;
          for_each_tile<T>(band.last - band.first, [&](Index, Index rows) {
            TileRows<const T> from;
            TileRows<T> to;
            for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
              from[row] = source;
              to[row] = target;
              source += staged.column_step;
              target += placement.step_w * g.out_c;
              if (++w == g.out_w) {
                w = 0;
                source += staged.row_step - g.out_w * staged.column_step;
                target += (placement.step_h * placement.width - g.out_w * placement.step_w) * g.out_c;
              }
            }
            Runs reads = runs;
            if (staging == Staging::in_place && runs.length == staged.column_step)
              reads.ahead = rows * staged.column_step;
            multiply_packed(rows, from.data(), reads, g.group_out(), kernel, k, to.data(), output);
          });
        });
    }
  });
}

template <class T>
Index gemm_forward_scratch(const Execution& execution, const ConvGeometry& geometry, bool columns) {
  const ConvGeometry g = columns ? geometry : flatten_pointwise(geometry);
  const Staging staging = columns ? Staging::columns : direct_staging(g);
  const int threads = resolve_threads(execution.threads);
  return g.groups * packed_size<T>(g.kernel_h * g.kernel_w * g.group_in(), g.group_out()) +
         threads * aligned<T>(stage_scratch_per_thread(g, staging, threads));
}

template <class T>
void gemm_forward(const Execution& execution, const ConvGeometry& geometry, bool columns, const T* x, const T* kernel,
                  const ConvEpilogue<T>& epilogue, T* y, T* scratch) {
  const ConvGeometry g = columns ? geometry : flatten_pointwise(geometry);
  const Index k = g.kernel_h * g.kernel_w * g.group_in();
  const Index group_size = packed_size<T>(k, g.group_out());
  for (Index group = 0; group < g.groups; ++group)
    pack(execution.threads, k, g.group_out(), kernel + group * g.group_out(), g.out_c, scratch + group * group_size);
  correlate(execution, g, columns ? Staging::columns : direct_staging(g), x, scratch, epilogue, y, {g.out_h, g.out_w},
            scratch + g.groups * group_size);
}

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

/// Packs one group's taps of a pair of phases with input and output channels exchanged: rows (tap, output channel),
/// columns input channel.
template <class T>
void pack_transposed(const Execution& execution, const ConvGeometry& g, const Phase& h, const Phase& w, const T* kernel,
                     Index group, T* packed) {
  constexpr Index width = GemmTile<T>::columns, block = 16;
  const Index in = g.group_in(), out = g.group_out(), k = h.taps * w.taps * out;
  parallel_for(execution.threads, panels<T>(in), [&](Index begin, Index end, int) {
    for (Index panel = begin; panel < end; ++panel)
      for (Index tap = 0; tap < h.taps * w.taps; ++tap) {
        const Index kh = h.last_tap - tap / w.taps * h.tap_step, kw = w.last_tap - tap % w.taps * w.tap_step;
        const T* from = kernel + (kh * g.kernel_w + kw) * in * g.out_c + group * out;
        T* to = packed + (panel * k + tap * out) * width;
        for (Index first = 0; first < out; first += block)
          for (Index c = 0; c < width; ++c) {
            const Index ic = panel * width + c;
            for (Index oc = first; oc < std::min(first + block, out); ++oc)
              to[oc * width + c] = ic < in ? from[ic * g.out_c + oc] : T(0);
          }
      }
  });
}

template <class T>
Index gemm_backward_input_scratch(const Execution& execution, const ConvGeometry& geometry, bool columns) {
  const int threads = resolve_threads(execution.threads);
  Index largest = 0;
  for_each_phase(columns ? geometry : flatten_pointwise(geometry), [&](const ConvGeometry& g, const Phase&,
                                                                       const Phase&, Index, Index) {
    const Staging staging = columns ? Staging::columns : direct_staging(g);
    largest = std::max(largest, g.groups * packed_size<T>(g.kernel_h * g.kernel_w * g.group_in(), g.group_out()) +
                                    threads * aligned<T>(stage_scratch_per_thread(g, staging, threads)));
  });
  return largest;
}

/// The input gradient, one stride-1 convolution over dy for each pair of phases of the stride.
template <class T>
void gemm_backward_input(const Execution& execution, const ConvGeometry& geometry, bool columns, const T* dy,
                         const T* kernel, T* dx, T* scratch) {
  const ConvGeometry g = columns ? geometry : flatten_pointwise(geometry);
  for_each_phase(g, [&](const ConvGeometry& phase, const Phase& h, const Phase& w, Index first_h, Index first_w) {
    const Placement placement{g.in_h, g.in_w, first_h, first_w, g.stride_h, g.stride_w};
    if (phase.kernel_h * phase.kernel_w == 0 || g.output_size() == 0) {  // no tap of the kernel reaches these pixels
      for (Index n = 0; n < phase.batch; ++n)
        for (Index i = 0; i < phase.out_h; ++i)
          for (Index j = 0; j < phase.out_w; ++j) std::fill_n(dx + placement.pixel(n, i, j) * g.in_c, g.in_c, T(0));
      return;
    }
    const Index group_size = packed_size<T>(phase.kernel_h * phase.kernel_w * g.group_out(), g.group_in());
    for (Index group = 0; group < g.groups; ++group)
      pack_transposed(execution, g, h, w, kernel, group, scratch + group * group_size);
    correlate(execution, phase, columns ? Staging::columns : direct_staging(phase), dy, scratch, {}, dx, placement,
              scratch + g.groups * group_size);
  });
}

}  // namespace amdefect::detail
