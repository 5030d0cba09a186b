#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace amdefect::detail {

/// Asks Linux to back the 2 MiB pieces inside of a block by one page each: a kernel that walks through megabytes then
/// waits less for address translation. Only whole pieces are named, so that no memory is used beyond the block. A mere
/// hint: nothing happens elsewhere, or where it is refused.
inline void prefer_huge_pages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t page = std::uintptr_t{2} << 20;
  const auto start = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t first = (start + page - 1) / page * page, last = (start + bytes) / page * page;
  if (first < last) madvise(static_cast<char*>(block) + (first - start), last - first, MADV_HUGEPAGE);
#endif
}

}  // namespace amdefect::detail
