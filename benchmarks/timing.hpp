#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <thread>
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

/// The shortest call of ours and of another library, in seconds.
struct Best {
  double ours = std::numeric_limits<double>::max(), theirs = ours;
};

/// Times calls of ours and, if there are any, of another library, in turn, several in a row. Threads of the other may
/// wait awake for milliseconds (OpenMP's do) and would keep a core from ours: they are given the time to fall asleep,
/// and one call that is not counted wakes those that are wanted.
template <class Ours, class Theirs>
Best time_in_turn(benchmark::State& state, int threads, Ours&& ours, Theirs&& theirs, bool compare) {
  constexpr double least = 0.005;
  const auto wake = [&](auto& body) {
    if (threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    body();
  };
  Best best;
  wake(ours);
  const auto calls =
      static_cast<benchmark::IterationCount>(std::max(1.0, least / std::max(1e-9, time_once(threads, ours))));
  while (state.KeepRunningBatch(calls)) {
    double sum = 0;
    wake(ours);
    for (benchmark::IterationCount i = 0; i < calls; ++i) {
      const double time = time_once(threads, ours);
      best.ours = std::min(best.ours, time);
      sum += time;
    }
    state.SetIterationTime(sum);
    if (!compare) continue;
    wake(theirs);
    for (benchmark::IterationCount i = 0; i < calls; ++i)
      best.theirs = std::min(best.theirs, time_once(threads, theirs));
  }
  return best;
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
