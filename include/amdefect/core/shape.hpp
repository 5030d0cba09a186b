#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <ostream>
#include <span>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// Signed type of all sizes, indices and dimensions.
using Index = std::int64_t;

/// The dimensions of a tensor, outermost first (images: batch, height, width, channels). Never allocates.
class Shape {
 public:
  static constexpr std::size_t max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<Index> dims) : Shape(std::span<const Index>(dims.begin(), dims.size())) {}

  /// @throws ShapeError for more than `max_rank` dimensions, a negative one, or a product beyond 64 bits.
  explicit Shape(std::span<const Index> dims) : rank_(dims.size()) {
    require<ShapeError>(rank_ <= max_rank, "shape: at most ", max_rank, " dimensions are supported, got ", rank_);
    std::copy(dims.begin(), dims.end(), dims_.begin());
    Index product = 1;
    for (const Index dim : dims) {
      require<ShapeError>(dim >= 0, "shape: dimensions must not be negative, got ", *this);
      require<ShapeError>(dim == 0 || product <= std::numeric_limits<Index>::max() / dim,
                          "shape: the number of elements of ", *this, " does not fit in 64 bits");
      product *= dim;
    }
  }

  std::size_t rank() const { return rank_; }
  /// Number of elements; 1 for a shape without dimensions (a scalar).
  Index elements() const {
    Index product = 1;
    for (const Index dim : *this) product *= dim;
    return product;
  }
  Index operator[](std::size_t axis) const { return dims_[axis]; }
  Index& operator[](std::size_t axis) { return dims_[axis]; }
  Index front() const { return dims_[0]; }
  Index back() const { return dims_[rank_ - 1]; }
  const Index* begin() const { return dims_.data(); }
  const Index* end() const { return dims_.data() + rank_; }

  /// This shape with `size` as its first dimension, e.g. the same images in another batch size.
  Shape with_batch(Index size) const {
    Shape result = *this;
    result[0] = size;
    return result;
  }
  /// All dimensions but the first: the shape of one sample of a batch.
  Shape sample() const { return Shape(std::span<const Index>(begin() + (rank_ > 0), end())); }
  /// The dimensions of `size` samples of this shape.
  Shape batched(Index size) const {
    std::array<Index, max_rank + 1> dims{size};
    std::copy(begin(), end(), dims.begin() + 1);
    return Shape(std::span<const Index>(dims.data(), rank_ + 1));
  }

  friend bool operator==(const Shape& a, const Shape& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    out << '[';
    for (std::size_t axis = 0; axis < shape.rank_; ++axis) out << (axis ? ", " : "") << shape.dims_[axis];
    return out << ']';
  }

 private:
  std::array<Index, max_rank> dims_{};
  std::size_t rank_ = 0;
};

}  // namespace amdefect
