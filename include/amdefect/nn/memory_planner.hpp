#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// Gives buffers with known lifetimes offsets in one block of memory so that no two that live at the same time overlap.
///
/// Steps are numbered by the caller (forward steps, then backward steps). The heuristic is the usual one for static
/// plans: largest buffer first, at the lowest offset that is free during its life.
class MemoryPlanner {
 public:
  using Buffer = std::size_t;

  /// Adds a buffer of `bytes` that lives from step `first` to step `last`, both included.
  Buffer add(std::size_t bytes, std::size_t first, std::size_t last) {
    buffers_.push_back({aligned_size(bytes), first, last, 0});
    return buffers_.size() - 1;
  }
  /// Prolongs a buffer's life so that it covers `step`.
  void extend(Buffer buffer, std::size_t step) {
    buffers_[buffer].first = std::min(buffers_[buffer].first, step);
    buffers_[buffer].last = std::max(buffers_[buffer].last, step);
  }

  /// Decides all offsets. Returns the size of the whole block in bytes.
  std::size_t assign_offsets() {
    std::vector<Buffer> order(buffers_.size());
    std::iota(order.begin(), order.end(), Buffer{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Buffer a, Buffer b) { return buffers_[a].bytes > buffers_[b].bytes; });
    std::vector<Buffer> assigned;  // by ascending offset
    std::size_t total = 0;
    for (const Buffer id : order) {
      Life& life = buffers_[id];
      std::size_t offset = 0;
      for (const Buffer other : assigned) {
        const Life& neighbour = buffers_[other];
        if (neighbour.last < life.first || life.last < neighbour.first) continue;
        if (offset + life.bytes <= neighbour.offset) break;
        offset = std::max(offset, neighbour.offset + neighbour.bytes);
      }
      life.offset = offset;
      total = std::max(total, offset + life.bytes);
      assigned.insert(std::upper_bound(assigned.begin(), assigned.end(), offset,
                                       [&](std::size_t value, Buffer b) { return value < buffers_[b].offset; }),
                      id);
    }
    return total;
  }

  /// Offset in bytes from the start of the block; valid after `assign_offsets`.
  std::size_t offset(Buffer buffer) const { return buffers_[buffer].offset; }

 private:
  struct Life {
    std::size_t bytes, first, last, offset;
  };

  std::vector<Life> buffers_;
};

}  // namespace amdefect
