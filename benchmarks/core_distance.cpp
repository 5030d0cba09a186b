// How far apart this machine's cores are: core_distance prints, for the first core that it may use and each other one,
// how long a message to that core and its answer take, in ns, five times in a row. Cores that share a cache need a
// third of the time of others or less. A virtual machine's cores may be moved from one second to the next, and with
// them the times of what several threads do together (docs/performance.md).
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <thread>
#include <vector>

#include "amdefect/core/error.hpp"

namespace {

std::vector<int> usable_cores() {
  cpu_set_t allowed;
  amdefect::require(::sched_getaffinity(0, sizeof allowed, &allowed) == 0, "core_distance: no list of cores");
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &allowed)) cores.push_back(core);
  return cores;
}

void stay_on(int core) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  amdefect::require(::pthread_setaffinity_np(::pthread_self(), sizeof one, &one) == 0,
                    "core_distance: no thread may run on core ", core);
}

/// Nanoseconds of a message from this thread on `here` to one on `there` and back.
double round_trip(int here, int there) {
  constexpr int messages = 50'000;
  std::atomic<int> sent{0}, answered{0};
  stay_on(there);  // the thread that begins now stays there, too
  std::thread other([&] {
    for (int i = 1; i <= messages; ++i) {
      while (sent.load(std::memory_order_acquire) != i) continue;
      answered.store(i, std::memory_order_release);
    }
  });
  stay_on(here);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 1; i <= messages; ++i) {
    sent.store(i, std::memory_order_release);
    while (answered.load(std::memory_order_acquire) != i) continue;
  }
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  other.join();
  return time.count() / messages;
}

}  // namespace

int main() try {
  const std::vector<int> cores = usable_cores();
  amdefect::require(cores.size() > 1, "core_distance: there is one core only");
  for (std::size_t i = 1; i < cores.size(); ++i) {
    std::printf("core %d to %d and back, ns:", cores[0], cores[i]);
    for (int time = 0; time < 5; ++time) std::printf(" %.0f", round_trip(cores[0], cores[i]));
    std::printf("\n");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
