#pragma once

#include <algorithm>

#include "amdefect/core/shape.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace amdefect {

/// The number of threads a request stands for: 0 means OpenMP's default, which is OMP_NUM_THREADS if the environment
/// sets it, else all cores; always 1 without OpenMP or inside a parallel region.
inline int resolve_threads(int requested) {
#ifdef _OPENMP
  if (omp_in_parallel()) return 1;
  return requested > 0 ? requested : std::max(1, omp_get_max_threads());
#else
  static_cast<void>(requested);
  return 1;
#endif
}

/// Threads worth waking for that many elements of cheap work (an addition, a comparison): 1 below about 10 us of it.
inline int threads_for(int requested, Index elements) { return elements < (1 << 14) ? 1 : requested; }

/// Splits [0, count) into one contiguous range per thread and calls `body(begin, end, thread)` for each.
///
/// The split depends only on `count` and the number of threads. `body` must not throw. Nested calls run serially.
template <class Body>
void parallel_for(int threads, Index count, Body&& body) {
  const int workers = static_cast<int>(std::clamp<Index>(count, 1, resolve_threads(threads)));
  if (workers == 1) {
    if (count > 0) body(Index{0}, count, 0);
    return;
  }
#ifdef _OPENMP
#pragma omp parallel num_threads(workers)
  {
    const Index team = omp_get_num_threads();
    const Index thread = omp_get_thread_num();
    const Index begin = count * thread / team;
    const Index end = count * (thread + 1) / team;
    if (begin < end) body(begin, end, static_cast<int>(thread));
  }
#endif
}

}  // namespace amdefect
