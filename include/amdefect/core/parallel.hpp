#pragma once

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
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

/// The indices [0, count) as one range per thread. Who is through with its own range takes from the others'.
class SharedIndices {
 public:
  SharedIndices(int threads, Index count) : ranges_(std::min(threads, most_ranges)) {
    for (int i = 0; i < ranges_; ++i) {
      range_[i].next.store(count * i / ranges_, std::memory_order_relaxed);
      range_[i].end = count * (i + 1) / ranges_;
    }
  }

  /// An index that no thread has had yet; -1 if there is none left.
  Index next(int thread) {
    for (int i = 0; i < ranges_; ++i) {
      Range& range = range_[(thread + i) % ranges_];
      if (range.next.load(std::memory_order_relaxed) >= range.end) continue;
      if (const Index index = range.next.fetch_add(1, std::memory_order_relaxed); index < range.end) return index;
    }
    return -1;
  }

 private:
  struct alignas(64) Range {
    std::atomic<Index> next;
    Index end;
  };
  static constexpr int most_ranges = 64;  // more threads share them
  int ranges_;
  Range range_[most_ranges];
};

}  // namespace detail

/// The number of threads a request stands for: 0 means OMP_NUM_THREADS if the environment sets it (read once), else all
/// cores that the process may use; always 1 inside of a parallel loop, and when the thread has ended its own threads.
inline int resolve_threads(int requested) {
  if (detail::ThreadTeam::inside() || detail::ThreadTeam::gone()) return 1;
  return requested > 0 ? requested : detail::default_threads();
}

/// The number of threads that memory is laid out for: that which is asked for, inside of a parallel loop, too, where
/// one does all parts. So the sizes, and with them the choices that depend on a limit of memory, are everywhere the
/// same.
inline int planned_threads(int requested) { return requested > 0 ? requested : resolve_threads(requested); }

/// A line that says so if there are fewer cores than threads that are requested; else empty.
inline std::string thread_note(int requested) {
  const int cores = detail::available_cores();
  if (requested <= cores) return "";
  return concat("note: ", requested, " threads, but only ", cores, " cores: more threads than cores do not help\n");
}

/// Threads worth waking for that many elements of cheap work (an addition, a comparison): 1 below about 10 us of it.
inline int threads_for(int requested, Index elements) { return elements < (1 << 14) ? 1 : requested; }

namespace detail {

/// Parts of a loop that are worth it, one per thread.
inline int parts_of(int threads, Index count) {
  return static_cast<int>(std::clamp<Index>(count, 1, resolve_threads(threads)));
}

/// Calls part(i) for each i below `parts`, from as many threads. Whether there are one or several, it is the same
/// function, compiled once.
template <class Part>
[[gnu::noinline]] void call_part(const void* part, int i) {
  (*static_cast<const Part*>(part))(i);
}
template <class Part>
void run_parts(int parts, const Part& part) {
  if (parts == 1) return call_part<Part>(&part, 0);
  ThreadTeam::mine().run(parts, call_part<Part>, &part);
}

}  // namespace detail

/// Splits [0, count) into one contiguous range per thread and calls `body(begin, end, thread)` for each, on threads
/// that the calling thread keeps for its loops (`detail::ThreadTeam`).
///
/// The split depends only on `count` and the number of threads. `body` must not throw. Nested calls run serially.
template <class Body>
void parallel_for(int threads, Index count, Body&& body) {
  if (count <= 0) return;
  const int parts = detail::parts_of(threads, count);
  detail::run_parts(parts, [&](int part) { body(count * part / parts, count * (part + 1) / parts, part); });
}

/// Calls `body(next, thread)` on each thread, where `next()` gives it one index in [0, count) after the other, and -1
/// at the end: each index to one thread, to whichever has time. So cores of unequal speed, or one that another program
/// has for a while, end at the same time. For work of which each index writes its own part of the result: what a
/// thread adds up would depend on chance. `body` must not throw. Nested calls run serially.
template <class Body>
void parallel_items(int threads, Index count, Body&& body) {
  const int parts = detail::parts_of(threads, count);
  detail::SharedIndices indices(parts, count);
  detail::run_parts(parts, [&](int part) { body([&] { return indices.next(part); }, part); });
}

}  // namespace amdefect
