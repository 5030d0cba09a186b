#pragma once

#include "amdefect/kernels/conv_staging.hpp"

/// The kernel gradient as a tiled matrix product A^T dy (A: see conv_staging.hpp), for every geometry.
namespace amdefect::detail {

/// Longer bands than forward where nothing is staged: every band reads and writes the sums of all tiles once.
inline Bands gradient_bands(const ConvGeometry& g, Staging staging, int threads) {
  return {g, staging, threads, staging == Staging::in_place ? 2 * pixels_per_band : pixels_per_band};
}

/// What one thread needs: its sum (packed), one panel of dy and the staged input.
template <class T>
struct KernelGradientScratch {
  Index sum, panel, stage;

  KernelGradientScratch(const ConvGeometry& g, Staging staging, int threads) {
    const Index longest = gradient_bands(g, staging, threads).longest();
    sum = g.groups * packed_size<T>(g.kernel_h * g.kernel_w * g.group_in(), g.group_out());
    panel = longest * GemmTile<T>::columns;
    stage = aligned<T>(staging_size(g, staging, longest));
  }
  Index size() const { return sum + panel + stage; }
};

template <class T>
Index gemm_backward_kernel_scratch(const Execution& execution, const ConvGeometry& geometry, bool columns) {
  const ConvGeometry g = columns ? geometry : flatten_pointwise(geometry);
  const int threads = resolve_threads(execution.threads);
  return threads * KernelGradientScratch<T>(g, columns ? Staging::columns : direct_staging(g), threads).size();
}

/// Adds A^T dy of one band and one panel of output channels to `sum`, a panel with a row for each element of the
/// window.
template <class T>
void add_kernel_gradient(const Runs& runs, const T* a, const T* dy, const PixelWalk& walk, T* sum) {
  for (Index outer = 0; outer < runs.outer; ++outer)
    for (Index inner = 0; inner < runs.inner; ++inner) {
      const T* from = a + outer * runs.outer_step + inner * runs.inner_step;
      for_each_tile<T>(runs.length, [&](Index first, Index rows) {
        multiply_columns_of<T>[static_cast<std::size_t>(rows - 1)](from + first, dy, walk,
                                                                   sum + first * GemmTile<T>::columns);
      });
      sum += runs.length * GemmTile<T>::columns;
    }
}

/// dkernel += A^T dy. Each thread sums up its bands; the threads' sums are added in their order.
template <class T>
void gemm_backward_kernel(const Execution& execution, const ConvGeometry& geometry, bool columns, const T* x,
                          const T* dy, T* dkernel, T* scratch) {
  constexpr Index width = GemmTile<T>::columns;
  const ConvGeometry g = columns ? geometry : flatten_pointwise(geometry);
  const Staging staging = columns ? Staging::columns : direct_staging(g);
  const int threads = resolve_threads(execution.threads);
  const Bands bands = gradient_bands(g, staging, threads);
  const KernelGradientScratch<T> size(g, staging, threads);
  const Index k = g.kernel_h * g.kernel_w * g.group_in(), group_panels = panels<T>(g.group_out());
  const auto sum_up_bands = [&](Index thread) {
    T* sum = scratch + thread * size.size();
    T* panel = sum + size.sum;
    std::fill_n(sum, size.sum, T(0));
    const Index end = bands.count() * (thread + 1) / threads;
    for (Index i = bands.count() * thread / threads; i < end; ++i) {
      const Band band = bands[i];
      const StagedInput<T> staged = stage(g, staging, x, band, panel + size.panel);
      const Index rows = (band.last - 1) / g.out_w + 1 - band.first / g.out_w;
      const Index pixels = band.last - band.first;
      const T* a = staged.origin + band.first % g.out_w * staged.column_step;
      PixelWalk walk{.columns = rows == 1 ? pixels : g.out_w,
                     .rows = rows,
                     .column_step = staged.column_step,
                     .row_step = staged.row_step};
      const bool last = i + 1 == end;
      if (staging == Staging::in_place && !last) walk.ahead = pixels * staged.column_step;
      for (Index p = 0; p < g.groups * group_panels; ++p) {
        const Index group = p / group_panels, first = p % group_panels * width;
        const T* gradient =
            dy + (band.image * g.out_h * g.out_w + band.first) * g.out_c + group * g.group_out() + first;
        walk.b_step = g.out_c;
        walk.b_ahead = last ? 0 : pixels * g.out_c;
        if (g.group_out() - first < width) {  // zeros fill the last panel up
          pack_panel(pixels, g.group_out() - first, gradient, g.out_c, panel);
          gradient = panel;
          walk.b_step = width;
          walk.b_ahead = 0;
        }
        add_kernel_gradient(staged.runs, a + group * g.group_in(), gradient, walk, sum + p * k * width);
      }
    }
  };
  parallel_for(threads, threads, [&](Index begin, Index end, int) {
    for (Index thread = begin; thread < end; ++thread) sum_up_bands(thread);
  });
  parallel_for(threads_for(threads, threads * k * g.out_c), g.groups * group_panels, [&](Index begin, Index end, int) {
    for (Index p = begin; p < end; ++p) {
      const Index group = p / group_panels, first = p % group_panels * width;
      for (int thread = 0; thread < threads; ++thread) {
        const T* sum = scratch + thread * size.size() + p * k * width;
        for (Index row = 0; row < k; ++row)
          for (Index c = 0; c < std::min(width, g.group_out() - first); ++c)
            dkernel[row * g.out_c + group * g.group_out() + first + c] += sum[row * width + c];
      }
    }
  });
}

}  // namespace amdefect::detail
