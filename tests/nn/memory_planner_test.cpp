// Where buffers go in one block of memory: apart while they live, and on several threads where each thread finds what
// it wrote before.
#include "amdefect/nn/memory_planner.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

struct PlannedBuffer {
  std::size_t bytes, first, last, offset = 0;
};

/// Plans the buffers for that many threads. Returns the size of the block.
std::size_t plan_buffers(std::vector<PlannedBuffer>& buffers, int threads) {
  MemoryPlanner planner;
  for (const PlannedBuffer& buffer : buffers) planner.add(buffer.bytes, buffer.first, buffer.last);
  const std::size_t size = planner.assign_offsets(threads);
  for (std::size_t i = 0; i < buffers.size(); ++i) buffers[i].offset = planner.offset(i);
  return size;
}

/// Of all pairs of buffers that have a place one after the other.
std::size_t all_changing_hands(const std::vector<PlannedBuffer>& buffers, std::size_t shares) {
  std::size_t sum = 0;
  for (const PlannedBuffer& a : buffers)
    for (const PlannedBuffer& b : buffers)
      if (&a < &b && (a.last < b.first || b.last < a.first))
        sum += MemoryPlanner::changing_hands(a.offset, a.bytes, b.offset, b.bytes, shares);
  return sum;
}

}  // namespace

TEST_CASE("memory planner: buffers that live at the same time do not overlap, whatever the number of threads") {
  Random random(3);
  for (const int threads : {1, 2, 3, 16, 200}) {
    std::vector<PlannedBuffer> buffers;
    for (int i = 0; i < 120; ++i) {
      const auto first = static_cast<std::size_t>(random.integer(60));
      const auto bytes = static_cast<std::size_t>(random.integer(i % 3 == 0 ? 2'000'000 : 100'000));
      buffers.push_back({bytes, first, first + static_cast<std::size_t>(random.integer(20))});
    }
    const std::size_t size = plan_buffers(buffers, threads);
    for (const PlannedBuffer& a : buffers) {
      CHECK(a.offset % tensor_alignment == 0);
      CHECK(a.offset + a.bytes <= size);
      for (const PlannedBuffer& b : buffers) {
        if (&a == &b || a.last < b.first || b.last < a.first) continue;
        CHECK((a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset));
      }
    }
    std::vector<PlannedBuffer> alone = buffers;
    const std::size_t least = plan_buffers(alone, 1);
    CHECK(size <= least + least / 4);
    CHECK(all_changing_hands(buffers, 2) <= all_changing_hands(alone, 2));
  }
}

TEST_CASE("memory planner: bytes that change hands are those of different shares") {
  const auto count = [](std::size_t a, std::size_t a_bytes, std::size_t b, std::size_t b_bytes, std::size_t shares) {
    std::size_t sum = 0;
    for (std::size_t at = std::max(a, b); at < std::min(a + a_bytes, b + b_bytes); ++at)
      sum += (at - a) * shares / a_bytes != (at - b) * shares / b_bytes;
    return sum;
  };
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    const auto number = [&](Index most) { return static_cast<std::size_t>(random.integer(most)); };
    const std::size_t a = number(200), b = number(200), a_bytes = number(300), b_bytes = number(300) + 1;
    for (const std::size_t shares : std::vector<std::size_t>{1, 2, 3, 8})
      CHECK(MemoryPlanner::changing_hands(a, a_bytes, b, b_bytes, shares) == count(a, a_bytes, b, b_bytes, shares));
  }
  CHECK(MemoryPlanner::changing_hands(0, 100, 0, 100, 2) == 0);
  CHECK(MemoryPlanner::changing_hands(0, 100, 25, 50, 2) == 0);  // their middles meet
  CHECK(MemoryPlanner::changing_hands(0, 100, 0, 50, 2) == 25);
}

TEST_CASE("memory planner: a thread finds its share of a smaller buffer where it had that of a larger one") {
  constexpr std::size_t unit = 1 << 20;
  // A large value becomes two small ones, as between the stages of a network; twice.
  std::vector<PlannedBuffer> buffers{{8 * unit, 0, 1}, {4 * unit, 2, 3}, {2 * unit, 4, 5}, {8 * unit, 6, 7}};
  CHECK(plan_buffers(buffers, 1) == 8 * unit);
  CHECK(all_changing_hands(buffers, 2) > 0);
  CHECK(plan_buffers(buffers, 2) == 8 * unit);
  CHECK(all_changing_hands(buffers, 2) == 0);
  CHECK(buffers[1].offset == 2 * unit);
}
