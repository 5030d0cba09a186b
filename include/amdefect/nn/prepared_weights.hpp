#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// What the operations of a network made of its weights for inference (`Operation::prepare`): one block for each node
/// and form, shared by all workspaces and threads, until the weights change.
class PreparedWeights {
 public:
  using Block = std::shared_ptr<const Tensor<std::byte>>;

  /// The block of a node in the given form: the one that is there if it was made of weights of this version, else a new
  /// one of `bytes`, filled by write(std::byte*). Any thread may ask; others wait while one writes.
  template <class Write>
  Block get(std::uint64_t version, std::size_t node, int form, std::size_t bytes, Write&& write) {
    const std::lock_guard lock(mutex_);
    if (version != version_) blocks_.clear();
    version_ = version;
    Block& block = blocks_[{node, form}];
    if (!block) {
      auto fresh = std::make_shared<Tensor<std::byte>>(Shape{static_cast<Index>(bytes)});
      write(fresh->data());
      block = std::move(fresh);
    }
    return block;
  }

  /// Bytes of all blocks.
  std::size_t memory() const {
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    for (const auto& [key, block] : blocks_) bytes += block ? static_cast<std::size_t>(block->size()) : 0;
    return bytes;
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t version_ = 0;
  std::map<std::pair<std::size_t, int>, Block> blocks_;
};

}  // namespace amdefect
