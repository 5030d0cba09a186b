#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

/// Counts every heap allocation of a test program that includes this header in exactly one of its files.
inline std::atomic<long> heap_allocations{0};

namespace allocation_counter {

inline void* counted(std::size_t size, std::size_t alignment) {
  ++heap_allocations;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory =
      alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__ ? std::aligned_alloc(alignment, rounded) : std::malloc(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace allocation_counter

// Not inlined, or GCC takes the pair of operator new and free, or of malloc and operator delete, for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) { return allocation_counter::counted(size, 1); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return allocation_counter::counted(size, 1); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocation_counter::counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocation_counter::counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
