#pragma once

#include <cstddef>
#include <cstdlib>
#include <utility>

#include "amdefect/core/shape.hpp"

namespace amdefect::detail {

/// What the decoder may allocate for an image: all that it hands out counts, also what it gives back. More than that is
/// asked for by a file whose data do not fit its size, such as a few bytes that unpack to gigabytes.
///
/// The limit holds for the thread, as long as the object is there.
class DecodeMemory {
 public:
  /// The most that any kind of image needs: 16 bits and four channels unpacked, without filters, interlaced and
  /// converted; the blocks of a JPEG file, of 32 pixels, reach over its borders.
  static constexpr Index bytes_per_pixel = 64;

  DecodeMemory(Index width, Index height, std::size_t file_size)
      : left_(static_cast<std::size_t>(bytes_per_pixel * (width + 32) * (height + 32)) + 4 * file_size),
        outer_(std::exchange(current(), this)) {}
  ~DecodeMemory() { current() = outer_; }
  DecodeMemory(const DecodeMemory&) = delete;
  DecodeMemory& operator=(const DecodeMemory&) = delete;

  /// Whether more was asked for.
  bool exceeded() const { return exceeded_; }

  /// Memory that is 0: some versions of stb_image read tables that a broken JPEG file uses and does not define.
  static void* allocate(std::size_t size) { return take(size) ? std::calloc(size, 1) : nullptr; }
  static void* enlarge(void* memory, std::size_t old_size, std::size_t size) {
    return size <= old_size || take(size - old_size) ? std::realloc(memory, size) : nullptr;
  }

 private:
  static DecodeMemory*& current() {
    thread_local DecodeMemory* current = nullptr;
    return current;
  }
  static bool take(std::size_t size) {
    DecodeMemory* const limit = current();
    if (!limit) return true;
    if (size > limit->left_) return limit->exceeded_ = true, false;
    limit->left_ -= size;
    return true;
  }

  std::size_t left_;
  DecodeMemory* outer_;
  bool exceeded_ = false;
};

}  // namespace amdefect::detail
