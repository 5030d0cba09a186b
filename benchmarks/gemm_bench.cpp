// Times the matrix product next to Eigen's, with one thread: gemm_bench [Google Benchmark's options]
#include <benchmark/benchmark.h>

#include <cstdio>
#include <limits>

#include "amdefect/core/tensor.hpp"
#include "amdefect/kernels/gemm.hpp"
#include "timing.hpp"

namespace {

using namespace amdefect;
using namespace amdefect::bench;

/// Arguments: m, n, k.
void product(benchmark::State& state, double peak) {
  const Index m = state.range(0), n = state.range(1), k = state.range(2);
  Tensor<float> a({m, k}), b({k, n}), c({m, n}), scratch({gemm_scratch<float>(n, k)});
  a.fill(0.5f);
  b.fill(0.5f);
  const double flops = 2 * static_cast<double>(m * n * k);
  double best = std::numeric_limits<double>::max(), best_eigen = best;
  for ([[maybe_unused]] auto iteration : state) {
    const double time = time_once(
        1, [&] { gemm(Execution{.threads = 1}, m, n, k, a.data(), k, b.data(), n, c.data(), n, scratch.data()); });
    best = std::min(best, time);
    state.SetIterationTime(time);
    best_eigen = std::min(best_eigen, time_once(1, [&] { c.matrix().noalias() = a.matrix() * b.matrix(); }));
  }
  state.counters["GFLOP/s"] = 1e-9 * flops / best;
  state.counters["%peak"] = 100 * flops / best / peak;
  state.counters["x_Eigen"] = best_eigen / best;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  Eigen::setNbThreads(1);
  const double peak = measure_peak(1);
  std::printf("peak: %.1f GFLOP/s with 1 thread\n", 1e-9 * peak);
  benchmark::RegisterBenchmark("gemm", product, peak)
      ->Args({256, 256, 256})
      ->Args({1024, 1024, 1024})
      ->Args({2704, 256, 256})
      ->Args({2704, 60, 256})
      ->Args({8, 400, 60})
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
