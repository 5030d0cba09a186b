#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <limits>

#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/simd.hpp"

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
  constexpr int chains = simd::registers >= 32 ? 24 : 12;  // more than latency times units, fewer than the registers
  constexpr Index steps = 20000;
  static volatile float start = 0.5f;
  double best = std::numeric_limits<double>::max();
  for (int run = 0; run < 50; ++run)
    best = std::min(best, time_once(threads, [&] {
                      parallel_for(threads, threads, [](Index, Index, int) {
                        std::array<simd::Vector<float>, chains> sum;
                        for (std::size_t j = 0; j < sum.size(); ++j)
                          sum[j] = simd::broadcast(start + static_cast<float>(j));
                        const simd::Vector<float> a = simd::broadcast(1 * start), b = simd::broadcast(start + 1);
                        for (Index i = 0; i < steps; ++i)
                          simd::unroll<chains>([&](auto j) __attribute__((always_inline)) { sum[j] = sum[j] * a + b; });
                        for (std::size_t j = 1; j < sum.size(); ++j) sum[0] += sum[j];
                        benchmark::DoNotOptimize(sum[0]);
                      });
                    }));
  return 2.0 * chains * static_cast<double>(simd::width<float> * steps * threads) / best;
}

}  // namespace amdefect::bench
