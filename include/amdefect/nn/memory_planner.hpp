#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// Gives buffers with known lifetimes offsets in one block of memory so that no two that live at the same time overlap.
///
/// Steps are numbered by the caller (forward steps, then backward steps). The heuristic is the usual one for static
/// plans: largest buffer first, at the lowest offset that is free during its life.
///
/// For several threads, each of which works on its share of every buffer, memory should stay with the same thread: what
/// another core has written last comes from that core's caches, which takes several times as long as from one's own
/// where cores share no cache. So the free places are compared by the bytes that would change hands, for which the
/// block may grow by a quarter.
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

  /// Decides all offsets, for that many threads. Returns the size of the whole block in bytes.
  std::size_t assign_offsets(int threads = 1) {
    const std::size_t least = place_all(1, unlimited);
    if (threads == 1) return least;
    const std::vector<Life> smallest = buffers_;
    const std::size_t limit = least + least / 4, size = place_all(std::min(threads, most_shares), limit);
    if (size <= limit) return size;
    buffers_ = smallest;
    return least;
  }

  /// Offset in bytes from the start of the block; valid after `assign_offsets`.
  std::size_t offset(Buffer buffer) const { return buffers_[buffer].offset; }

  /// The bytes of two overlapping buffers that belong to different shares of them, when each is cut into so many equal
  /// ones.
  static std::size_t changing_hands(std::size_t first_offset, std::size_t first_bytes, std::size_t second_offset,
                                    std::size_t second_bytes, std::size_t shares) {
    const std::size_t end = std::min(first_offset + first_bytes, second_offset + second_bytes);
    std::size_t sum = 0;
    for (std::size_t at = std::max(first_offset, second_offset); at < end;) {
      const std::size_t first = (at - first_offset) * shares / first_bytes;
      const std::size_t second = (at - second_offset) * shares / second_bytes;
      const auto end_of = [shares](std::size_t offset, std::size_t bytes, std::size_t share) {
        return offset + ((share + 1) * bytes + shares - 1) / shares;
      };
      const std::size_t next =
          std::min({end, end_of(first_offset, first_bytes, first), end_of(second_offset, second_bytes, second)});
      if (first != second) sum += next - at;
      at = next;
    }
    return sum;
  }

 private:
  struct Life {
    std::size_t bytes, first, last, offset;
    bool meets(const Life& other) const { return first <= other.last && other.first <= last; }
    std::size_t end() const { return offset + bytes; }
  };
  struct Gap {
    std::size_t first, end;
  };
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max() / 2;
  static constexpr int most_shares = 8;  // neighbours of more threads mostly share a cache
  // Of buffers worth comparing places for: larger ones have left the caches before their place is written again.
  static constexpr std::size_t least_shared_bytes = std::size_t{64} << 10, most_shared_bytes = std::size_t{16} << 20;

  std::size_t place_all(int shares, std::size_t limit) {
    std::vector<Buffer> order(buffers_.size());
    std::iota(order.begin(), order.end(), Buffer{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Buffer a, Buffer b) { return buffers_[a].bytes > buffers_[b].bytes; });
    std::vector<Life> placed;  // by ascending offset
    std::size_t size = 0;
    for (const Buffer id : order) {
      Life& life = buffers_[id];
      const std::vector<Gap> gaps = gaps_of(life, placed);
      life.offset = gaps.front().first;
      if (shares > 1 && life.bytes >= least_shared_bytes && life.bytes <= most_shared_bytes)
        life.offset = best_offset(life, gaps, placed, static_cast<std::size_t>(shares), limit);
      size = std::max(size, life.end());
      placed.insert(std::upper_bound(placed.begin(), placed.end(), life.offset,
                                     [](std::size_t value, const Life& other) { return value < other.offset; }),
                    life);
    }
    return size;
  }

  /// Where a buffer has room during its life, by ascending offset. The last gap has no end.
  static std::vector<Gap> gaps_of(const Life& life, const std::vector<Life>& placed) {
    std::vector<Gap> gaps;
    std::size_t free = 0;
    for (const Life& other : placed) {
      if (!life.meets(other)) continue;
      if (free + life.bytes <= other.offset) gaps.push_back({free, other.offset});
      free = std::max(free, other.end());
    }
    gaps.push_back({free, unlimited});
    return gaps;
  }

  /// The offset at which the fewest bytes change hands: at either end of a gap, or with its middle at that of a buffer
  /// that had the place at another time; of equals the lowest. The lowest of all where none ends before `limit`.
  static std::size_t best_offset(Life life, const std::vector<Gap>& gaps, const std::vector<Life>& placed,
                                 std::size_t shares, std::size_t limit) {
    std::vector<Life> before;
    for (const Life& other : placed)
      if (!life.meets(other)) before.push_back(other);
    std::size_t best = gaps.front().first, least = unlimited;
    const auto consider = [&](std::size_t offset) {
      std::size_t sum = 0;
      for (const Life& other : before)
        if (other.offset < offset + life.bytes && offset < other.end())
          sum += changing_hands(offset, life.bytes, other.offset, other.bytes, shares);
      if (sum < least || (sum == least && offset < best)) best = offset, least = sum;
    };
    for (const Gap& gap : gaps) {
      const std::size_t end = std::min(gap.end, limit);
      if (gap.first + life.bytes > end) continue;
      const std::size_t highest = end - life.bytes;
      consider(gap.first);
      if (gap.end < limit) consider(highest);
      for (const Life& other : before) {
        if (other.end() <= gap.first || other.offset >= end) continue;
        const std::size_t middle = other.offset + other.bytes / 2;
        const std::size_t offset = middle - std::min(middle, life.bytes / 2);
        consider(std::clamp(offset / tensor_alignment * tensor_alignment, gap.first, highest));
      }
    }
    return best;
  }

  std::vector<Life> buffers_;
};

}  // namespace amdefect
