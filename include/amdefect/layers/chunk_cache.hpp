#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// The values of a chunk; empty where the file holds none.
using Chunk = std::vector<std::uint8_t>;

/// Remembers the chunks that were used last, up to a number of bytes. Several threads may ask at once; what one of them
/// loads does not keep the others waiting.
class ChunkCache {
 public:
  explicit ChunkCache(std::size_t bytes) : limit_(bytes) {}

  /// A number for a volume that keeps chunks here: part of their keys.
  Index new_volume() {
    const std::lock_guard lock(mutex_);
    return volumes_++;
  }
  /// Keeps at least so many bytes from now on.
  void grow(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (limit_ < bytes) limit_ = bytes;
  }

  /// The chunk of a volume, which `load()` gives where it is not here.
  template <class Load>
  std::shared_ptr<const Chunk> get(Index volume, Index chunk, Load&& load) {
    const Key key{volume, chunk};
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = places_.find(key); found != places_.end()) {
        order_.splice(order_.begin(), order_, found->second);
        return found->second->second;
      }
    }
    auto loaded = std::make_shared<const Chunk>(load());
    const std::lock_guard lock(mutex_);
    ++loads_;
    if (const auto found = places_.find(key); found != places_.end()) return found->second->second;
    order_.emplace_front(key, loaded);
    places_.emplace(key, order_.begin());
    used_ += size_of(*loaded);
    while (used_ > limit_ && order_.size() > 1) {
      used_ -= size_of(*order_.back().second);
      places_.erase(order_.back().first);
      order_.pop_back();
    }
    return loaded;
  }

  std::size_t limit() const {
    const std::lock_guard lock(mutex_);
    return limit_;
  }
  /// Bytes in use now.
  std::size_t used() const {
    const std::lock_guard lock(mutex_);
    return used_;
  }
  /// How often a chunk was loaded, in all.
  Index loads() const {
    const std::lock_guard lock(mutex_);
    return loads_;
  }

 private:
  using Key = std::pair<Index, Index>;
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return static_cast<std::size_t>(key.second) * 1'000'003 + static_cast<std::size_t>(key.first);
    }
  };
  using Order = std::list<std::pair<Key, std::shared_ptr<const Chunk>>>;
  static std::size_t size_of(const Chunk& chunk) { return chunk.size() + 128; }  // with its places here

  mutable std::mutex mutex_;  // guards everything below
  std::size_t limit_, used_ = 0;
  Index volumes_ = 0, loads_ = 0;
  Order order_;  // the one used last in front
  std::unordered_map<Key, Order::iterator, Hash> places_;
};

}  // namespace amdefect
