#pragma once

#include "amdefect/kernels/conv_phases.hpp"
#include "amdefect/kernels/conv_staging.hpp"

/// Convolution and its gradients as tiled matrix products (see conv_staging.hpp), for every geometry.
namespace amdefect::detail {

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
  const int tile_panels = panels_per_tile<T>(k, g.group_out());
  parallel_for(threads, bands.count(), [&](Index begin, Index end, int thread) {
    for (Index i = begin; i < end; ++i) {
      const Band band = bands[i];
      const StagedInput<T> staged = stage(g, staging, x, band, buffers + thread * buffer_size);
      for (Index group = 0; group < g.groups; ++group)
        for_each_part(staged.runs, [&](const Runs& runs, Index offset, Index packed_row) {
          const bool last_part = packed_row + runs.size() == k;
          const TileOutput<T> output{.columns = g.group_out(),
                                     .accumulate = packed_row > 0,
                                     .epilogue = last_part && !epilogue.empty() ? &epilogue : nullptr,
                                     .first_channel = group * g.group_out()};
          const T* kernel = packed + group * packed_size<T>(k, g.group_out()) + packed_row * GemmTile<T>::columns;
          const T* source = staged.origin + (band.first % g.out_w) * staged.column_step + group * g.group_in() + offset;
          T* target = y + placement.pixel(band.image, band.first / g.out_w, band.first % g.out_w) * g.out_c +
                      group * g.group_out();
          Index w = band.first % g.out_w;
          const auto multiply_tile = [&](Index, Index rows) {
            TileRows<const T> from;
            TileRows<T> to;
            const T* next_source = source;  // local copies: the compiler keeps these in registers
            T* next_target = target;
            Index column = w;
            for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
              from[row] = next_source;
              to[row] = next_target;
              next_source += staged.column_step;
              next_target += placement.step_w * g.out_c;
              if (++column == g.out_w) {
                column = 0;
                next_source += staged.row_step - g.out_w * staged.column_step;
                next_target += (placement.step_h * placement.width - g.out_w * placement.step_w) * g.out_c;
              }
            }
            source = next_source;
            target = next_target;
            w = column;
            const bool whole_pixels = staging == Staging::in_place && runs.length == staged.column_step;
            multiply_packed(tile_panels, rows, from.data(), runs, whole_pixels ? rows * staged.column_step : 0, kernel,
                            k, to.data(), output);
          };
          for_each_tile<T>(band.last - band.first, multiply_tile, GemmTile<T>::rows_across(tile_panels));
        });
    }
  });
}

/// Calls body(region, first_h, first_w) for the parts of the output that are computed by themselves. Where rows are
/// long, those are the inner pixels, whose windows are read in place, and the strips at the border; else there is one.
template <class Body>
void for_each_region(const ConvGeometry& g, bool columns, Body&& body) {
  constexpr Index long_row = 64;
  const auto region = [&](const InnerRange& h, const InnerRange& w) {
    if (h.first >= h.last || w.first >= w.last) return;
    ConvGeometry part = g;
    part.out_h = h.last - h.first;
    part.out_w = w.last - w.first;
    part.pad_top -= h.first * g.stride_h;
    part.pad_left -= w.first * g.stride_w;
    body(part, h.first, w.first);
  };
  const InnerRange all_h{0, g.out_h}, all_w{0, g.out_w};
  if (columns || g.out_w < long_row) return region(all_h, all_w);
  const InnerRange h = inner_rows(g), w = inner_columns(g);
  region({0, h.first}, all_w);
  region(h, {0, w.first});
  region(h, w);
  region(h, {w.last, g.out_w});
  region({h.last, g.out_h}, all_w);
}

template <class T>
Index gemm_forward_scratch(const Execution& execution, const ConvGeometry& geometry, bool columns) {
  const ConvGeometry g = columns ? geometry : flatten_pointwise(geometry);
  const int threads = resolve_threads(execution.threads);
  Index staged = 0;
  for_each_region(g, columns, [&](const ConvGeometry& region, Index, Index) {
    const Staging staging = columns ? Staging::columns : direct_staging(region);
    staged = std::max(staged, stage_scratch_per_thread(region, staging, threads));
  });
  return g.groups * packed_size<T>(g.kernel_h * g.kernel_w * g.group_in(), g.group_out()) +
         threads * aligned<T>(staged);
}

template <class T>
void gemm_forward(const Execution& execution, const ConvGeometry& geometry, bool columns, const T* x, const T* kernel,
                  const ConvEpilogue<T>& epilogue, T* y, T* scratch) {
  const ConvGeometry g = columns ? geometry : flatten_pointwise(geometry);
  const Index k = g.kernel_h * g.kernel_w * g.group_in();
  const Index group_size = packed_size<T>(k, g.group_out());
  for (Index group = 0; group < g.groups; ++group)
    pack(execution.threads, k, g.group_out(), kernel + group * g.group_out(), g.out_c, scratch + group * group_size);
  for_each_region(g, columns, [&](const ConvGeometry& region, Index first_h, Index first_w) {
    correlate(execution, region, columns ? Staging::columns : direct_staging(region), x, scratch, epilogue, y,
              {g.out_h, g.out_w, first_h, first_w}, scratch + g.groups * group_size);
  });
}

/// Packs one group's taps of a pair of phases with input and output channels exchanged: rows (tap, output channel),
/// columns input channel.
template <class T>
void pack_transposed(const Execution& execution, const ConvGeometry& g, const Phase& h, const Phase& w, const T* kernel,
                     Index group, T* packed) {
  constexpr Index width = GemmTile<T>::columns, block = 16;
  const Index in = g.group_in(), out = g.group_out(), k = h.taps * w.taps * out;
  parallel_for(threads_for(execution.threads, k * in), panels<T>(in), [&](Index begin, Index end, int) {
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
