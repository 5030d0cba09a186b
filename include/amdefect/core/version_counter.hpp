#pragma once

#include <atomic>
#include <cstdint>

namespace amdefect {

/// Counts changes of an object, so that what was made from an earlier state is known to be out of date. Several threads
/// may count at once; a moved object keeps its count.
class VersionCounter {
 public:
  VersionCounter() = default;
  VersionCounter(VersionCounter&& other) noexcept : count_(other.value()) {}
  VersionCounter& operator=(VersionCounter&& other) noexcept {
    count_.store(other.value(), std::memory_order_relaxed);
    return *this;
  }

  void advance() { count_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace amdefect
