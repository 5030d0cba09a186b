#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/multiply_adds.hpp"

namespace amdefect::bench {

/// Seconds on a clock: with one thread the CPU time of that thread, which other processes do not disturb.
inline double seconds(int threads) {
  timespec time{};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds one call takes.
template <class Body>
double time_once(int threads, Body&& body) {
  const double start = seconds(threads);
  body();
  return seconds(threads) - start;
}

/// The rate of multiply-adds (counted twice) that the cores sustain on registers, in FLOP/s: the best of many short
/// runs.
inline double measure_peak(int threads) {
  static volatile float start = 0.5f;
  double best = 0;
  std::vector<Index> operations(static_cast<std::size_t>(threads));
  for (int run = 0; run < 50; ++run) {
    const double time = time_once(threads, [&] {
      parallel_for(threads, threads, [&](Index begin, Index, int) {
        float result = 0;
        operations[static_cast<std::size_t>(begin)] = multiply_adds(20000, start, result);
        benchmark::DoNotOptimize(result);
      });
    });
    best = std::max(best, static_cast<double>(std::accumulate(operations.begin(), operations.end(), Index{0})) / time);
  }
  return best;
}

}  // namespace amdefect::bench
