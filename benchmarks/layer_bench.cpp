// Times batch normalisation and pooling, next to oneDNN where CMake found it.
//
//   layer_bench [--threads=N] [problem ...] [Google Benchmark's options]
//
// A problem is written as in problem.hpp: with a window (mb8ic64ih112k3s2) it is pooled, without one (mb8ic64ih208) it
// is normalised. These layers wait for memory, so that the columns are GB/s, where every tensor counts once for each
// time it has to be read or written, percent of what copying reaches in the same run, and how many times faster than
// oneDNN. Numbers compare the best of the runs, which are taken in turn.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/core/tensor.hpp"
#include "amdefect/kernels/batch_norm.hpp"
#include "amdefect/kernels/pooling.hpp"
#include "run_benchmarks.hpp"

#ifdef AMDEFECT_ONEDNN
#include "onednn_layers.hpp"
#endif

namespace {

using namespace amdefect;
using namespace amdefect::bench;

/// The batch norms of the paper's network in training, one of ResNet-50; the poolings of common networks.
const std::vector<std::string> default_problems{"mb8ic64ih208",     "mb8ic128ih104",    "mb8ic256ih52",
                                                "mb8ic64ih112",     "mb8ic64ih112k3s2", "mb8ic64ih208k2s2",
                                                "mb8ic256ih52k2s2", "mb8ic256ih13k5"};

using Step = std::function<void()>;

/// One thing to time, here and in oneDNN, and the bytes it has to move.
struct Row {
  double bytes;
  Step ours, onednn;
};

void run(benchmark::State& state, const std::function<Row()>& make, int threads, double peak) {
  const Row row = make();
  const Best best = time_in_turn(state, threads, row.ours, row.onednn, static_cast<bool>(row.onednn));
  state.counters["GB/s"] = 1e-9 * row.bytes / best.ours;
  state.counters["%copy"] = 100 * row.bytes / best.ours / peak;
  if (row.onednn) state.counters["x_oneDNN"] = best.theirs / best.ours;
}

/// Bytes per second that a copy of a large block moves, reading and writing counted; prints it.
double measure_copy(int threads) {
  constexpr Index size = Index{16} << 20;
  Tensor<float> from({size}), to({size});
  double best = std::numeric_limits<double>::max();
  for (int i = 0; i < 5; ++i)
    best = std::min(best, time_once(threads, [&] {
                      parallel_for(threads, size, [&](Index begin, Index end, int) {
                        std::memcpy(to.data() + begin, from.data() + begin,
                                    static_cast<std::size_t>(end - begin) * sizeof(float));
                      });
                    }));
  const double rate = 2.0 * size * sizeof(float) / best;
  std::printf("copy: %.1f GB/s with %d thread(s)\n", 1e-9 * rate, threads);
  return rate;
}

/// The tensors of a layer; shared by the steps that use them.
struct Buffers {
  Tensor<float> x, y, dy, dx;
  Tensor<float> scale, shift;
  Tensor<double> mean, variance;
  Tensor<std::byte> scratch;
};

std::shared_ptr<Buffers> make_buffers(Index input, Index output, Index channels, std::size_t scratch) {
  auto buffers = std::make_shared<Buffers>(
      Buffers{Tensor<float>({input}), Tensor<float>({output}), Tensor<float>({output}), Tensor<float>({input}),
              Tensor<float>({channels}), Tensor<float>({channels}), Tensor<double>({channels}),
              Tensor<double>({channels}), Tensor<std::byte>({static_cast<Index>(scratch)})});
  for (Index i = 0; i < input; ++i) buffers->x[i] = static_cast<float>(i % 7);
  buffers->dy.fill(0.5f);
  return buffers;
}

Row batch_norm_row(const ConvGeometry& g, int threads, bool backward, bool relu) {
  const NormGeometry norm{g.batch * g.in_h * g.in_w, g.in_c};
  const Index size = g.input_size();
  const auto b = make_buffers(size, size, g.in_c, batch_norm_scratch(norm));
  const double tensor = static_cast<double>(size) * sizeof(float);
  const NormChannels<float> channels{b->shift.data(), b->scale.data(), b->shift.data(),
                                     relu ? Activation::relu : Activation::none};
  Row row{(backward ? 5 : 3) * tensor, {}, {}};
  if (backward)
    row.ours = [=] {
      const NormGradient<float> gradient{channels, b->mean.data(), b->variance.data()};
      batch_norm_gradient_sums(threads, norm, b->x.data(), b->dy.data(), gradient, b->scratch.data());
      batch_norm_input_gradient(threads, norm, b->x.data(), b->dy.data(), gradient, b->mean.data(), b->mean.data(),
                                b->dx.data());
    };
  else
    row.ours = [=] {
      batch_moments(threads, norm, b->x.data(), b->mean.data(), b->variance.data(), b->scratch.data());
      batch_norm_apply(threads, norm, b->x.data(), channels, b->y.data());
    };
#ifdef AMDEFECT_ONEDNN
  row.onednn = OneDnnLayer::batch_norm(g, backward, relu);
#endif
  return row;
}

Row pool_row(const ConvGeometry& g, int threads, bool max, bool backward) {
  const PoolGeometry pool{.batch = g.batch,
                          .in_h = g.in_h,
                          .in_w = g.in_w,
                          .channels = g.in_c,
                          .out_h = g.out_h,
                          .out_w = g.out_w,
                          .pool_h = g.kernel_h,
                          .pool_w = g.kernel_w,
                          .stride_h = g.stride_h,
                          .stride_w = g.stride_w,
                          .pad_top = g.pad_top,
                          .pad_left = g.pad_left};
  const auto b = make_buffers(g.input_size(), g.batch * g.out_h * g.out_w * g.in_c, g.in_c, 0);
  const auto input = static_cast<double>(b->x.size()), output = static_cast<double>(b->y.size());
  Row row{sizeof(float) * (max && backward ? 2 * input + 2 * output : input + output), {}, {}};
  if (max && backward)
    row.ours = [=] { max_pool_backward(threads, pool, b->x.data(), b->y.data(), b->dy.data(), b->dx.data()); };
  else if (max)
    row.ours = [=] { max_pool_forward(threads, pool, b->x.data(), b->y.data()); };
  else if (backward)
    row.ours = [=] { average_pool_backward(threads, pool, b->dy.data(), b->dx.data()); };
  else
    row.ours = [=] { average_pool_forward(threads, pool, b->x.data(), b->y.data()); };
#ifdef AMDEFECT_ONEDNN
  row.onednn = OneDnnLayer::pool(pool, max, backward);
#endif
  return row;
}

void add(const std::string& problem, const ConvGeometry& g, const Execution& execution, double peak) {
  const int threads = execution.threads;
  for (const bool backward : {false, true}) {
    const auto add_layer = [&](const char* layer, const std::function<Row()>& make) {
      add_row(problem + layer + (backward ? "/backward" : "/forward"), run, make, threads, peak);
    };
    if (g.kernel_h * g.kernel_w == 1) {
      add_layer("/batch_norm", [=] { return batch_norm_row(g, threads, backward, false); });
      add_layer("/batch_norm_relu", [=] { return batch_norm_row(g, threads, backward, true); });
    } else {
      add_layer("/max_pool", [=] { return pool_row(g, threads, true, backward); });
      add_layer("/average_pool", [=] { return pool_row(g, threads, false, backward); });
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  return run_benchmarks("layer_bench", argc, argv, default_problems, measure_copy, add);
}
