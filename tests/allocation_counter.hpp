#pragma once

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

/// Counts every heap allocation of a test program that includes this header in exactly one of its files.
inline std::atomic<long> heap_allocations{0};
/// Bytes that are in use now.
inline std::atomic<long> heap_bytes{0};
/// The most of them since `peak_bytes_of` began.
inline std::atomic<long> heap_peak{0};
/// So many more allocations succeed before one fails, as if memory were exhausted; negative: all do.
inline std::atomic<long> allocations_until_failure{-1};

namespace allocation_counter {

inline void* counted(std::size_t size, std::size_t alignment) {
  ++heap_allocations;
  if (allocations_until_failure >= 0 && allocations_until_failure-- == 0) throw std::bad_alloc();
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory =
      alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__ ? std::aligned_alloc(alignment, rounded) : std::malloc(size);
  if (!memory) throw std::bad_alloc();
  const long now = heap_bytes += static_cast<long>(malloc_usable_size(memory));
  if (now > heap_peak) heap_peak = now;
  return memory;
}

inline void free(void* memory) noexcept {
  heap_bytes -= static_cast<long>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace allocation_counter

/// The most bytes that were there at once while `action` ran, beyond those of before.
template <class Action>
std::size_t peak_bytes_of(Action&& action) {
  const long before = heap_bytes;
  heap_peak = before;
  action();
  return static_cast<std::size_t>(heap_peak - before);
}

/// Lets the first allocation of `action` fail, then the second, and so on until it succeeds; `check` runs after each
/// failure. Returns how many there were.
template <class Action, class Check>
int fail_everywhere(const Action& action, const Check& check) {
  for (int failures = 0;; ++failures) {
    bool failed = false;
    allocations_until_failure = failures;
    try {
      action();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    allocations_until_failure = -1;
    if (!failed) return failures;
    check();
  }
}

// Not inlined, or GCC takes the pair of operator new and free, or of malloc and operator delete, for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) { return allocation_counter::counted(size, 1); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return allocation_counter::counted(size, 1); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocation_counter::counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocation_counter::counted(size, static_cast<std::size_t>(alignment));
}
/// For buffers that sorting can do without: does not fail, so that `fail_everywhere` reaches what comes behind.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  const long until = allocations_until_failure.exchange(-1);
  void* const memory = allocation_counter::counted(size, 1);
  allocations_until_failure = until;
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { allocation_counter::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { allocation_counter::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { allocation_counter::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { allocation_counter::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { allocation_counter::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { allocation_counter::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  allocation_counter::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  allocation_counter::free(memory);
}
