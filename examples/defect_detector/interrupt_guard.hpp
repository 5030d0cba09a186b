#pragma once

#include <atomic>
#include <csignal>

namespace amdefect {

/// While it lives, Ctrl-C and `kill` call `interrupt()` of a target, which must be safe in a signal handler; a second
/// one ends the program at once. One at a time for each type of target.
template <class Target>
class InterruptGuard {
 public:
  explicit InterruptGuard(Target& target) {
    target_ = &target;
    std::signal(SIGINT, handle);
    std::signal(SIGTERM, handle);
  }
  ~InterruptGuard() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    target_ = nullptr;
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  static void handle(int signal) {
    if (Target* target = target_) target->interrupt();
    std::signal(signal, SIG_DFL);
  }
  static inline std::atomic<Target*> target_{nullptr};
};

/// What shells report of a program that Ctrl-C ended.
inline constexpr int interrupted_code = 130;

}  // namespace amdefect
