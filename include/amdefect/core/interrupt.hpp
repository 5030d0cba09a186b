#pragma once

#include <atomic>
#include <csignal>

namespace amdefect {

/// While it lives, Ctrl-C, `kill` and a terminal that is closed call `interrupt()` of a target, which must be safe in a
/// signal handler; a second signal ends the program at once. One at a time for each type of target.
template <class Target>
class InterruptGuard {
 public:
  explicit InterruptGuard(Target& target) {
    target_ = &target;
    set_all(handle);
  }
  ~InterruptGuard() {
    set_all(SIG_DFL);
    target_ = nullptr;
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  static void set_all(void (*handler)(int)) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, handler);
  }
  static void handle(int) {
    if (Target* target = target_) target->interrupt();
    set_all(SIG_DFL);
  }
  static inline std::atomic<Target*> target_{nullptr};
};

/// A target that only remembers that it was called.
class InterruptFlag {
 public:
  void interrupt() noexcept { set_.store(true, std::memory_order_relaxed); }
  explicit operator bool() const noexcept { return set_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> set_{false};
};

/// Exit code of a program that was interrupted: what shells report after Ctrl-C.
inline constexpr int interrupted_code = 130;

}  // namespace amdefect
