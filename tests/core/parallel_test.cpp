#include "amdefect/core/parallel.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
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

TEST_CASE("OMP_NUM_THREADS is read as OpenMP reads it: the first of a list of numbers, blanks before it allowed") {
  using detail::first_thread_number;
  for (const char* three : {"3", " 3", "\t 3 ", "3,2", " 3 , 2", "3x"}) CHECK(first_thread_number(three) == 3);
  for (const char* none : {"", " ", "0", "-2", "x", ",4", "99999999999999"}) CHECK(first_thread_number(none) == 0);
}

TEST_CASE("more threads than cores are said to be of no use") {
  const int cores = detail::available_cores();
  CHECK(thread_note(0).empty());
  CHECK(thread_note(cores).empty());
  const std::string note = thread_note(cores + 1);
  CHECK(note == "note: " + std::to_string(cores + 1) + " threads, but only " + std::to_string(cores) +
                    " cores: more threads than cores do not help\n");
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

TEST_CASE("items: each has its turn once, with any number of threads") {
  for (const int threads : {0, 1, 2, 3, 70})
    for (const Index count : {0, 1, 2, 31, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      parallel_items(threads, count, [&](auto next, int) {
        for (Index i = next(); i >= 0; i = next()) ++visits[static_cast<std::size_t>(i)];
      });
      CHECK(std::all_of(visits.begin(), visits.end(), [](const auto& visit) { return visit == 1; }));
    }
}

TEST_CASE("items: a thread that is through takes those of one that is not") {
  std::atomic<int> done{0};
  parallel_items(2, 10, [&](auto next, int thread) {
    for (Index i = next(); i >= 0; i = next()) {
      while (thread == 1 && done < 9) std::this_thread::yield();  // for ever, did thread 0 not take the rest
      ++done;
    }
  });
  CHECK(done == 10);
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

bool is_child = false;

/// LeakSanitizer asks: a child of a thread has no stack of the main thread, where pointers were.
extern "C" int __lsan_is_turned_off() { return is_child; }

namespace {

/// A loop of four parts that ends when as many threads are in it.
bool meet_of_four() {
  std::atomic<int> arrived{0};
  parallel_for(4, 4, [&](Index, Index, int) {
    ++arrived;
    while (arrived < 4) std::this_thread::yield();  // for ever, without the threads
  });
  return arrived == 4;
}

}  // namespace

/// How a process ends that is forked from one with threads, and does `work` before: 0 if all is well.
template <class Work>
int forked(const Work& work) {
  int status = -1;
  std::thread([&] {
    meet_of_four();  // no thread is still starting: GCC 12's AddressSanitizer holds locks then, for ever in the child
    std::fflush(nullptr);  // else the text is written twice
    const pid_t child = ::fork();
    is_child = child == 0;
    if (is_child) {
      ::alarm(20);
      std::exit(work() ? 0 : 1);
    }
    if (::waitpid(child, &status, 0) != child) status = -1;
  }).join();
  return status;
}

extern "C" [[gnu::weak]] void __tsan_init();  // there in programs with ThreadSanitizer

/// Whether a forked process may start threads: ThreadSanitizer ends it, and QEMU 7.2 fails (scripts/other_builds.sh).
const bool forked_threads = &__tsan_init == nullptr && !std::getenv("AMDEFECT_EMULATED");

TEST_CASE("a forked process ends without the threads of its parent") {
  CHECK(forked([] { return true; }) == 0);
}

TEST_CASE("a forked process has threads of its own, as many as it asks for" * doctest::skip(!forked_threads)) {
  for (const int threads : {3, 4, 9})
    CHECK(forked([&] { return visits(threads, 100) == std::vector<int>(100, 1); }) == 0);
  CHECK(forked([] { return meet_of_four(); }) == 0);
  CHECK(forked([] {  // whose handles may be those of the parent's threads
          for (int i = 0; i < 8; ++i) std::thread([] {}).join();
          return true;
        }) == 0);
}

TEST_CASE("what a thread does after its threads have ended, it does alone") {
  struct AtTheEnd {
    bool* alone;
    ~AtTheEnd() { *alone = resolve_threads(4) == 1 && visits(4, 100) == std::vector<int>(100, 1); }
  };
  bool alone = false;
  std::thread([&] {
    thread_local const AtTheEnd at_the_end{&alone};  // made before the team, and so destroyed after it
    CHECK(at_the_end.alone == &alone);
    visits(4, 4);
  }).join();
  CHECK(alone);
}

TEST_CASE("a loop ends when all its parts have") {
  std::atomic<bool> begun{false}, done{false};
  parallel_for(2, 2, [&](Index, Index, int thread) {
    if (thread == 1) {
      begun = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      done = true;
    }
    while (!begun) std::this_thread::yield();  // so that the other thread does its part, not the caller
  });
  CHECK(done);
}

#ifdef __GLIBC__
TEST_CASE("where no more threads can be started, the others do all parts") {
  std::vector<int> seen;
  std::thread([&] {
    pthread_attr_t usual, impossible;
    ::pthread_getattr_default_np(&usual);
    ::pthread_getattr_default_np(&impossible);
    ::pthread_attr_setstacksize(&impossible, std::size_t{1} << 50);  // more than there are addresses
    ::pthread_setattr_default_np(&impossible);
    seen = visits(4, 100);
    ::pthread_setattr_default_np(&usual);
  }).join();
  CHECK(seen == std::vector<int>(100, 1));
}
#endif
