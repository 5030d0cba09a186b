#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace amdefect {

/// What asks a program to end: Ctrl-C, `kill`, a terminal that is closed.
inline constexpr std::array interrupt_signals{SIGINT, SIGTERM, SIGHUP};

/// While it lives, Ctrl-C, `kill` and a terminal that is closed call `interrupt()` of a target, which must be safe in a
/// signal handler; a second signal ends the program at once. Signals that the program ignores (`nohup`) stay ignored,
/// and in the end all are handled as before. One at a time for each type of target.
template <class Target>
class InterruptGuard {
 public:
  explicit InterruptGuard(Target& target) {
    target_ = &target;
    for (std::size_t i = 0; i < interrupt_signals.size(); ++i) {
      before_[i] = std::signal(interrupt_signals[i], handle);
      if (before_[i] == SIG_IGN) std::signal(interrupt_signals[i], SIG_IGN);
    }
  }
  ~InterruptGuard() {
    for (std::size_t i = 0; i < interrupt_signals.size(); ++i) std::signal(interrupt_signals[i], before_[i]);
    target_ = nullptr;
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  static void handle(int) {
    if (Target* target = target_) target->interrupt();
    for (const int signal : interrupt_signals) std::signal(signal, SIG_DFL);
  }

  static inline std::atomic<Target*> target_{nullptr};
  std::array<void (*)(int), interrupt_signals.size()> before_{};
};

/// While it lives, Ctrl-C, `kill` and a terminal that is closed wait; in its end what came happens. For moments when a
/// program writes its files. A second signal ends the program at once, and ignored signals stay ignored.
class InterruptDelay {
 public:
  InterruptDelay() {
    for (std::size_t i = 0; i < interrupt_signals.size(); ++i) {
      before_[i] = std::signal(interrupt_signals[i], remember);
      if (before_[i] == SIG_IGN) std::signal(interrupt_signals[i], SIG_IGN);
    }
  }
  ~InterruptDelay() {
    for (std::size_t i = 0; i < interrupt_signals.size(); ++i) std::signal(interrupt_signals[i], before_[i]);
    if (const int signal = remembered_.exchange(0)) std::raise(signal);
  }
  InterruptDelay(const InterruptDelay&) = delete;
  InterruptDelay& operator=(const InterruptDelay&) = delete;

 private:
  static void remember(int signal) {
    remembered_ = signal;
    for (const int other : interrupt_signals) std::signal(other, SIG_DFL);
  }

  static inline std::atomic<int> remembered_{0};
  std::array<void (*)(int), interrupt_signals.size()> before_{};
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
