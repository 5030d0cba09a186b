#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace amdefect::detail {

/// Tells the processor that this is a loop that waits.
inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits until `word` is no longer `old`: awake for as long as it takes to the next loop of a network, which mostly
/// follows at once, then asleep, so that other programs have the core. To be woken took 80 us (median) to 120 us on a
/// virtual machine: who falls asleep earlier than after twice that loses more than there was to save.
[[gnu::noinline]] inline std::uint32_t wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t old) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::microseconds(200);
  do {
    for (int i = 0; i < 16; ++i) {
      if (const std::uint32_t now = word.load(std::memory_order_acquire); now != old) return now;
      pause();
    }
  } while (Clock::now() < until);
  word.wait(old, std::memory_order_acquire);
  return word.load(std::memory_order_acquire);
}

/// How often this process or one before it was forked since the first call: a child has none of the parent's threads.
inline std::atomic<unsigned>& forks() {
  static std::atomic<unsigned> count{0};
  static const int watched =
      ::pthread_atfork(nullptr, nullptr, [] { forks().fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(watched);
  return count;
}

/// The threads that help one thread with its loops: started when they are first needed, kept until that thread ends.
///
/// A loop has as many parts as threads, and each part belongs to a thread, so that from loop to loop the same thread
/// works on the same memory. When the calling thread is through with its own part it also does those that nobody has
/// begun. So a loop never waits for a thread that does not get a core or that could not be started. What a fork left
/// behind is never touched again: a child starts threads of its own.
class ThreadTeam {
 public:
  /// The team of the calling thread.
  static ThreadTeam& mine() {
    thread_local ThreadTeam team;
    return team;
  }
  /// Whether the calling thread is inside of a loop.
  static bool& inside() {
    thread_local bool inside = false;
    return inside;
  }

  /// Whether the team of this thread has ended: what runs later, such as destructors of statics, has no helpers.
  static bool& gone() {
    thread_local bool gone = false;
    return gone;
  }

  ThreadTeam() = default;
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam() {
    gone() = true;
    abandon_those_of_the_parent();
    for (const auto& helper : helpers_) {
      helper->ticket.store(ended);
      helper->ticket.notify_one();
      helper->thread.join();
    }
  }

  /// What a loop does in its part `part`, of the `work` that `run` got.
  using Call = void (*)(const void* work, int part);

  /// Calls `call(work, i)` for each i below `parts`, from several threads at once. `call` must not throw. A pointer to
  /// a function, as a template's body would be compiled into each of the places below, for every loop there is.
  [[gnu::noinline]] void run(int parts, Call call, const void* work) noexcept {
    start_helpers(static_cast<std::size_t>(parts) - 1);
    work_ = work;
    call_ = call;
    const int helped = std::min(parts - 1, static_cast<int>(helpers_.size()));
    unfinished_.store(static_cast<std::uint32_t>(helped), std::memory_order_relaxed);
    for (int i = 0; i < helped; ++i) helpers_[static_cast<std::size_t>(i)]->offer();
    inside() = true;
    call(work, 0);
    for (int i = 0; i < parts - 1; ++i) {
      const bool offered = i < helped;
      if (offered && !helpers_[static_cast<std::size_t>(i)]->take_back()) continue;
      call(work, i + 1);
      if (offered) unfinished_.fetch_sub(1, std::memory_order_relaxed);
    }
    inside() = false;
    for (std::uint32_t left = unfinished_.load(std::memory_order_acquire); left != 0;)
      left = wait_while(unfinished_, left);
  }

 private:
  static constexpr std::uint32_t ended = 0xffffffff;

  struct alignas(64) Helper {
    std::atomic<std::uint32_t> ticket{1};  // even: a part waits to be taken; odd: there is none
    std::thread thread;

    void offer() {
      const std::uint32_t next = ticket.load(std::memory_order_relaxed) + 1;
      ticket.store(next + 1 == ended ? 0 : next, std::memory_order_release);
      ticket.notify_one();
    }
    bool take_back() {
      std::uint32_t offered = ticket.load(std::memory_order_relaxed);
      return offered % 2 == 0 && ticket.compare_exchange_strong(offered, offered + 1, std::memory_order_relaxed);
    }
  };

  /// As many as can be had.
  void start_helpers(std::size_t count) {
    abandon_those_of_the_parent();
    if (helpers_.size() >= count) return;
    try {
      helpers_.reserve(count);
      while (helpers_.size() < count) {
        auto helper = std::make_unique<Helper>();
        helper->thread = std::thread(&ThreadTeam::help, this, helper.get(), static_cast<int>(helpers_.size()) + 1);
        helpers_.push_back(std::move(helper));
      }
    } catch (const std::exception&) {  // no memory, or no more threads: the others do the work
    }
  }

  /// In a forked process: their handles may mean other threads by now, and must be neither joined nor detached.
  void abandon_those_of_the_parent() {
    const unsigned now = forks().load(std::memory_order_relaxed);
    if (std::exchange(forks_, now) == now) return;
    static auto* const abandoned = new std::vector<std::unique_ptr<Helper>>;
    for (auto& helper : helpers_) abandoned->push_back(std::move(helper));
    helpers_.clear();
  }

  /// What a helper does: waits for its part of each loop.
  void help(Helper* helper, int part) {
    inside() = true;
    for (std::uint32_t ticket = helper->ticket.load(std::memory_order_acquire); ticket != ended;) {
      if (ticket % 2 == 0) {
        if (!helper->ticket.compare_exchange_strong(ticket, ticket + 1, std::memory_order_acquire)) continue;
        ++ticket;
        call_(work_, part);
        if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
      }
      ticket = wait_while(helper->ticket, ticket);
    }
  }

  std::vector<std::unique_ptr<Helper>> helpers_;
  unsigned forks_ = forks().load(std::memory_order_relaxed);
  const void* work_ = nullptr;
  Call call_ = nullptr;
  alignas(64) std::atomic<std::uint32_t> unfinished_{0};  // offered parts
};

}  // namespace amdefect::detail
