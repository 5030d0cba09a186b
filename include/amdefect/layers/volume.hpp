#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/image/image.hpp"
#include "amdefect/layers/chunk_cache.hpp"

namespace amdefect {

/// A rectangle of pixels of one layer.
struct LayerWindow {
  Index layer = 0, top = 0, left = 0, height = 1, width = 1;

  friend bool operator==(const LayerWindow&, const LayerWindow&) = default;
};

/// Where the chunks of a volume come from: a data set of a file, or memory.
class ChunkReader {
 public:
  virtual ~ChunkReader() = default;
  /// [layers, height, width].
  virtual Shape shape() const = 0;
  /// [layers, height, width] of what is read at once; those at the borders may reach beyond the volume.
  virtual Shape chunk_shape() const = 0;
  /// What messages call it.
  virtual std::string name() const = 0;
  /// The values of a chunk, whose first value is at these coordinates, all of them or none (the whole chunk is then
  /// `fill_value`). Several threads may read at once. @throws FileError that says what is wrong with it.
  virtual Chunk read_chunk(Index layer, Index top, Index left) const = 0;
  virtual std::uint8_t fill_value() const { return 0; }

  /// Whether chunks hold numbers (float, as they are in memory) instead of bytes.
  virtual bool holds_numbers() const { return false; }
  /// Of chunks of numbers: what is in a chunk that holds none, and the grey level of a number.
  virtual float fill_number() const { return fill_value(); }
  virtual std::uint8_t grey_level(float number) const { return to_byte(static_cast<double>(number)); }
};

/// Bytes, or numbers, over layers, rows and columns (a camera's pictures, a mask, labels), read by windows through a
/// cache of chunks. Several threads may read at once.
class Volume {
 public:
  /// @throws Error unless shape and chunks are of three dimensions and not empty.
  Volume(std::shared_ptr<const ChunkReader> reader, std::shared_ptr<ChunkCache> cache)
      : reader_(std::move(reader)),
        cache_(std::move(cache)),
        number_(cache_->new_volume()),
        shape_(reader_->shape()),
        chunk_(reader_->chunk_shape()) {
    require(shape_.rank() == 3 && chunk_.rank() == 3, reader_->name(), ": has the shape ", shape_,
            ", expected [layers, height, width]");
    for (std::size_t axis = 0; axis < 3; ++axis)
      require(shape_[axis] > 0 && chunk_[axis] > 0, reader_->name(), ": has the shape ", shape_, " in chunks of ",
              chunk_, ", expected numbers above 0");
  }

  Index layers() const { return shape_[0]; }
  Index height() const { return shape_[1]; }
  Index width() const { return shape_[2]; }
  const Shape& shape() const { return shape_; }
  const Shape& chunk_shape() const { return chunk_; }
  std::string name() const { return reader_->name(); }
  /// Bytes of the chunks that hold a layer: all of them have to be in the cache where layers are read one by one.
  std::size_t slab_bytes() const {
    const std::size_t value = reader_->holds_numbers() ? sizeof(float) : 1;
    return static_cast<std::size_t>(chunk_.elements() * chunks(1) * chunks(2)) * value;
  }

  /// Writes the values of a window to `to`, row by row, `step` elements from one value to the next: as grey levels, or
  /// as the numbers that they are.
  /// @throws Error for a window that is not inside, FileError for a chunk that cannot be read.
  void read(const LayerWindow& window, std::span<std::uint8_t> to, Index step = 1) const {
    read_as<std::uint8_t>(window, to, step);
  }
  void read(const LayerWindow& window, std::span<float> to, Index step = 1) const { read_as<float>(window, to, step); }

 private:
  Index chunks(std::size_t axis) const { return (shape_[axis] + chunk_[axis] - 1) / chunk_[axis]; }

  template <class V>
  void read_as(const LayerWindow& window, std::span<V> to, Index step) const {
    require(window.layer >= 0 && window.top >= 0 && window.left >= 0 && window.height > 0 && window.width > 0 &&
                window.layer < layers() && window.top + window.height <= height() &&
                window.left + window.width <= width(),
            name(), ": there is no window of ", window.height, 'x', window.width, " pixels at row ", window.top,
            ", column ", window.left, " of layer ", window.layer, " in the shape ", shape_);
    require(static_cast<Index>(to.size()) > ((window.height * window.width) - 1) * step, name(),
            ": the memory for a window is too small");
    const Index bottom = window.top + window.height, right = window.left + window.width;
    for (Index top = window.top / chunk_[1] * chunk_[1]; top < bottom; top += chunk_[1])
      for (Index left = window.left / chunk_[2] * chunk_[2]; left < right; left += chunk_[2])
        copy_chunk(window, top, left, to.data(), step);
  }

  /// Writes `count` values of a chunk, from `first` on, or what all of an empty one are.
  template <class V>
  void copy_values(const Chunk& chunk, Index first, Index count, V* out, Index step) const {
    const bool numbers = reader_->holds_numbers();
    const auto value_of = [&](float number) {
      if constexpr (std::same_as<V, float>)
        return number;
      else
        return reader_->grey_level(number);
    };
    if (chunk.empty()) {
      const V fill = numbers ? value_of(reader_->fill_number()) : static_cast<V>(reader_->fill_value());
      for (Index i = 0; i < count; ++i) out[i * step] = fill;
    } else if (numbers) {
      for (Index i = 0; i < count; ++i) {
        float number = 0;
        std::memcpy(&number, chunk.data() + static_cast<std::size_t>(first + i) * sizeof number, sizeof number);
        out[i * step] = value_of(number);
      }
    } else if (const std::uint8_t* const in = chunk.data() + first; step == 1) {
      std::copy_n(in, count, out);
    } else {
      for (Index i = 0; i < count; ++i) out[i * step] = static_cast<V>(in[i]);
    }
  }

  /// The part of a window that lies in the chunk at (top, left).
  template <class V>
  void copy_chunk(const LayerWindow& window, Index top, Index left, V* to, Index step) const {
    const Index slab = window.layer / chunk_[0];
    const Index number = (slab * chunks(1) + top / chunk_[1]) * chunks(2) + left / chunk_[2];
    const std::shared_ptr<const Chunk> chunk =
        cache_->get(number_, number, [&] { return reader_->read_chunk(slab * chunk_[0], top, left); });
    const Index y1 = std::max(top, window.top), y2 = std::min(top + chunk_[1], window.top + window.height);
    const Index x1 = std::max(left, window.left), x2 = std::min(left + chunk_[2], window.left + window.width);
    for (Index y = y1; y < y2; ++y) {
      V* const out = to + ((y - window.top) * window.width + x1 - window.left) * step;
      const Index first = ((window.layer - slab * chunk_[0]) * chunk_[1] + y - top) * chunk_[2] + x1 - left;
      copy_values(*chunk, first, x2 - x1, out, step);
    }
  }

  std::shared_ptr<const ChunkReader> reader_;
  std::shared_ptr<ChunkCache> cache_;
  Index number_;
  Shape shape_, chunk_;
};

}  // namespace amdefect
