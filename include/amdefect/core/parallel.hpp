#pragma once

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/core/thread_team.hpp"

namespace amdefect {

namespace detail {

/// Cores that this process may use.
inline int available_cores() {
#ifdef __linux__
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// The first number of a list of numbers of threads as OpenMP reads it, blanks before it allowed; 0 if there is none.
inline int first_thread_number(std::string_view list) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t"), list.size()));
  int number = 0;
  std::from_chars(list.data(), list.data() + list.size(), number);
  return std::max(0, number);
}

/// The first number of OMP_NUM_THREADS, which most programs of this kind respect; else all cores.
inline int default_threads() {
  static const int threads = [] {
    const char* set = std::getenv("OMP_NUM_THREADS");
    const int number = first_thread_number(set ? set : "");
    return number > 0 ? number : available_cores();
  }();
  return threads;
}

}  // namespace detail

/// The number of threads a request stands for: 0 means OMP_NUM_THREADS if the environment sets it (read once), else all
/// cores that the process may use; always 1 inside of a parallel loop, and when the thread has ended its own threads.
inline int resolve_threads(int requested) {
  if (detail::ThreadTeam::inside() || detail::ThreadTeam::gone()) return 1;
  return requested > 0 ? requested : detail::default_threads();
}

/// A line that says so if there are fewer cores than threads that are requested; else empty.
inline std::string thread_note(int requested) {
  const int cores = detail::available_cores();
  if (requested <= cores) return "";
  return concat("note: ", requested, " threads, but only ", cores, " cores: more threads than cores do not help\n");
}

/// Threads worth waking for that many elements of cheap work (an addition, a comparison): 1 below about 10 us of it.
inline int threads_for(int requested, Index elements) { return elements < (1 << 14) ? 1 : requested; }

/// Splits [0, count) into one contiguous range per thread and calls `body(begin, end, thread)` for each, on threads
/// that the calling thread keeps for its loops (`detail::ThreadTeam`).
///
/// The split depends only on `count` and the number of threads. `body` must not throw. Nested calls run serially.
template <class Body>
void parallel_for(int threads, Index count, Body&& body) {
  const int parts = static_cast<int>(std::clamp<Index>(count, 1, resolve_threads(threads)));
  if (parts == 1) {
    if (count > 0) body(Index{0}, count, 0);
    return;
  }
  detail::ThreadTeam::mine().run(parts,
                                 [&](int part) { body(count * part / parts, count * (part + 1) / parts, part); });
}

}  // namespace amdefect
