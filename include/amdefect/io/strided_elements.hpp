#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "amdefect/core/shape.hpp"

/// Elements of a tensor that lie anyhow in memory: element (i, j, ...) at i strides[0] + j strides[1] + ..., where no
/// stride is negative.
namespace amdefect::detail {

/// Whether they follow each other in row-major order without gaps.
inline bool is_contiguous(const Shape& shape, std::span<const Index> strides) {
  Index step = 1;
  for (std::size_t axis = shape.rank(); shape.elements() > 0 && axis-- > 0; step *= shape[axis])
    if (shape[axis] != 1 && strides[axis] != step) return false;
  return true;
}

/// Whether all lie below `count`, whatever the strides are.
inline bool lies_below(Index count, const Shape& shape, std::span<const Index> strides) {
  if (shape.elements() == 0) return true;
  Index left = count - 1;  // behind the last element
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const Index steps = shape[axis] - 1;
    if (steps > 0 && strides[axis] > left / steps) return false;
    if (steps > 0) left -= steps * strides[axis];
  }
  return left >= 0;
}

/// Copies them into row-major order; all must lie in `from`.
inline std::vector<std::uint8_t> gather_elements(std::span<const std::uint8_t> from, std::size_t element_size,
                                                 const Shape& shape, std::span<const Index> strides) {
  std::vector<std::uint8_t> elements(static_cast<std::size_t>(shape.elements()) * element_size);
  std::array<Index, Shape::max_rank> place{};
  Index at = 0;
  for (std::size_t to = 0; to < elements.size(); to += element_size) {
    std::memcpy(elements.data() + to, from.data() + static_cast<std::size_t>(at) * element_size, element_size);
    for (std::size_t axis = shape.rank(); axis-- > 0; place[axis] = 0) {
      if (place[axis] + 1 < shape[axis]) {
        at += strides[axis];
        ++place[axis];
        break;
      }
      at -= place[axis] * strides[axis];
    }
  }
  return elements;
}

}  // namespace amdefect::detail
