#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/kernels/simd_target.hpp"
#include "arguments.hpp"
#include "problem.hpp"
#include "timing.hpp"

namespace amdefect::bench {

/// Measures the peak of the multiply-adds in FLOP/s and prints it.
inline double print_peak(int threads) {
  const double peak = measure_peak(threads);
  std::printf("peak: %.1f GFLOP/s with %d thread(s)\n", 1e-9 * peak, threads);
  return peak;
}

/// A row of the output: `run(state, arguments...)`.
template <class... Arguments>
void add_row(const std::string& name, Arguments&&... run_and_arguments) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<Arguments>(run_and_arguments)...)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

/// The main function of a benchmark whose command line names problems. `measure_peak(threads)` is what the rows are
/// compared with; `add(problem, geometry, execution, peak)` adds the rows of a problem. Returns the exit code.
template <class MeasurePeak, class Add>
int run_benchmarks(const char* program, int argc, char** argv, const std::vector<std::string>& default_problems,
                   const MeasurePeak& measure_peak, const Add& add) try {
  benchmark::Initialize(&argc, argv);
  std::printf("kernels: %s\n", simd_target());
  const Arguments arguments(argc, argv);
  const double peak = measure_peak(arguments.execution.threads);
  for (const std::string& problem : arguments.problems.empty() ? default_problems : arguments.problems)
    add(problem, parse_problem(problem), arguments.execution, peak);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s: %s\n", program, error.what());
  return 1;
}

}  // namespace amdefect::bench
