#include "amdefect/core/parallel.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

using namespace amdefect;

namespace {

/// How often each of `count` places was visited.
std::vector<int> visits(int threads, Index count) {
  std::vector<int> visits(static_cast<std::size_t>(count));
  parallel_for(threads, count, [&](Index begin, Index end, int) {
    for (Index i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  return visits;
}

}  // namespace

// ctest runs this with OMP_NUM_THREADS=3 as well.
TEST_CASE("0 threads stand for OMP_NUM_THREADS, else for the cores that the process may use") {
  const char* set = std::getenv("OMP_NUM_THREADS");
  CHECK(resolve_threads(0) == (set ? std::stoi(set) : detail::available_cores()));
  CHECK(resolve_threads(7) == 7);
}

TEST_CASE("a parallel loop visits all places once, with any number of threads") {
  for (const int threads : {0, 1, 2, 3, 32})
    for (const Index count : {0, 1, 2, 31, 1000})
      CHECK(visits(threads, count) == std::vector<int>(static_cast<std::size_t>(count), 1));
  parallel_for(0, 0, [&](Index, Index, int) { FAIL("nothing to do"); });
}

TEST_CASE("the parts of a loop depend on the count and the threads alone") {
  std::vector<Index> begins(3), ends(3);
  parallel_for(3, 10, [&](Index begin, Index end, int thread) {
    begins[static_cast<std::size_t>(thread)] = begin;
    ends[static_cast<std::size_t>(thread)] = end;
  });
  CHECK(begins == std::vector<Index>{0, 3, 6});
  CHECK(ends == std::vector<Index>{3, 6, 10});
}

TEST_CASE("loops in a loop run serially, on the thread and in the order of the call") {
  std::vector<int> inner(8);
  parallel_for(4, 8, [&](Index begin, Index end, int) {
    const std::thread::id outer = std::this_thread::get_id();
    for (Index i = begin; i < end; ++i)
      parallel_for(4, 5, [&](Index first, Index last, int thread) {
        const bool serial = first == 0 && last == 5 && thread == 0 && std::this_thread::get_id() == outer;
        inner[static_cast<std::size_t>(i)] += serial && resolve_threads(4) == 1;
      });
  });
  CHECK(inner == std::vector<int>(8, 1));
  CHECK(resolve_threads(4) == 4);  // and afterwards as before
}

TEST_CASE("the parts of a loop run at the same time") {
  std::atomic<int> arrived{0};
  parallel_for(2, 2, [&](Index, Index, int) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();  // for ever, were one behind the other
  });
  CHECK(arrived == 2);
}

TEST_CASE("threads with loops of their own do not disturb each other") {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&wrong] {
      for (int i = 0; i < 2000; ++i) wrong += visits(3, 7) != std::vector<int>(7, 1);
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("a forked process has none of the threads, and does all parts by itself") {
  visits(4, 4);  // starts them
  const pid_t child = ::fork();
  if (child == 0) ::_exit(visits(4, 100) == std::vector<int>(100, 1) ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
