#pragma once

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

/// Counts the memory that a test program has from operator new: include this header in exactly one of its files.
namespace peak_memory {

inline std::atomic<std::size_t> now{0}, peak{0};

inline void* taken(void* memory) {
  if (!memory) throw std::bad_alloc();
  const std::size_t total = now += ::malloc_usable_size(memory);
  if (total > peak) peak = total;
  return memory;
}
inline void give_back(void* memory) noexcept {
  now -= ::malloc_usable_size(memory);
  std::free(memory);
}

/// The most bytes that were there at once while `action` ran, beyond those of before.
template <class Action>
std::size_t bytes_of(Action&& action) {
  const std::size_t before = now;
  peak = before;
  action();
  return peak - before;
}

}  // namespace peak_memory

// Not inlined, or GCC takes the pair of operator new and free for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) { return peak_memory::taken(std::malloc(size)); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return peak_memory::taken(std::malloc(size)); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return peak_memory::taken(std::aligned_alloc(step, (size + step - 1) / step * step));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return operator new(size, alignment);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { peak_memory::give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { peak_memory::give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { peak_memory::give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { peak_memory::give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { peak_memory::give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { peak_memory::give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  peak_memory::give_back(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  peak_memory::give_back(memory);
}
