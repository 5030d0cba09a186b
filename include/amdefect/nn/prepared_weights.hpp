#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// What the operations of a network made of its weights for inference (`Operation::prepare`): one block for each node
/// and form, shared by all workspaces and threads, until the weights change. The memory of a block is used again where
/// nobody holds it any more, and kept as long as the network.
class PreparedWeights {
 public:
  using Block = std::shared_ptr<const Tensor<std::byte>>;

  /// The block of a node in the given form: the one that is there if it was made of these weights
  /// (`Parameters::version`), else one of `bytes`, filled by write(std::byte*). Any thread may ask; others wait while
  /// one writes.
  template <class Write>
  Block get(std::uint64_t weights, std::size_t node, int form, std::size_t bytes, Write&& write) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[{node, form}];
    if (entry.block && entry.weights == weights) return entry.block;
    const bool free = entry.block && entry.block.use_count() == 1;
    std::atomic_thread_fence(std::memory_order_acquire);  // after the last reader let go of it
    if (!free) entry.block = std::make_shared<Tensor<std::byte>>(Shape{static_cast<Index>(bytes)});
    entry.weights = none;  // in case that `write` throws
    write(entry.block->data());
    entry.weights = weights;
    return entry.block;
  }

  /// Bytes of all blocks.
  std::size_t memory() const {
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    for (const auto& [key, entry] : entries_) bytes += entry.block ? static_cast<std::size_t>(entry.block->size()) : 0;
    return bytes;
  }

 private:
  static constexpr std::uint64_t none = static_cast<std::uint64_t>(-1);
  struct Entry {
    std::shared_ptr<Tensor<std::byte>> block;
    std::uint64_t weights = none;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::size_t, int>, Entry> entries_;
};

}  // namespace amdefect
