#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "amdefect/core/parallel.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// The axes of a tensor in another order: axis i of the result is axis order[i] of what it is made of.
using AxisOrder = std::array<std::size_t, Shape::max_rank>;

/// The shape of the axes in that order.
inline Shape permuted(const Shape& shape, const AxisOrder& order) {
  Shape result = shape;
  for (std::size_t i = 0; i < shape.rank(); ++i) result[i] = shape[order[i]];
  return result;
}

/// The order that undoes another one.
inline AxisOrder inverse(const AxisOrder& order, std::size_t rank) {
  AxisOrder result{};
  for (std::size_t i = 0; i < rank; ++i) result[order[i]] = i;
  return result;
}

namespace detail {

/// An axis of the result: its size, and how far apart its entries lie in both tensors.
struct PermutedAxis {
  Index size = 1, in_from = 0, in_to = 0;
};

/// The axes of the result, those that follow each other in both tensors taken together; always at least two.
class PermutedAxes {
 public:
  PermutedAxes(const Shape& from, const AxisOrder& order) {
    std::array<Index, Shape::max_rank> strides{};
    Index stride = 1;
    for (std::size_t i = from.rank(); i-- > 0; stride *= from[i]) strides[i] = stride;
    stride = 1;
    for (std::size_t i = from.rank(); i-- > 0; stride *= from[order[i]]) {  // the last axis of the result first
      const PermutedAxis axis{from[order[i]], strides[order[i]], stride};
      if (axis.size == 1) continue;
      if (count_ > 0 && axis.in_from == axes_[count_ - 1].in_from * axes_[count_ - 1].size)
        axes_[count_ - 1].size *= axis.size;
      else
        axes_[count_++] = axis;
    }
    count_ = std::max<std::size_t>(count_, 2);
  }
  /// Takes out the last axis of the result, which is contiguous there.
  PermutedAxis take_last() { return take(0); }
  /// Takes out the axis that is contiguous in the other tensor, or the last one if that is gone.
  PermutedAxis take_contiguous() {
    for (std::size_t i = 0; i < count_; ++i)
      if (axes_[i].in_from == 1) return take(i);
    return take(0);
  }
  /// Where entry number `index` of the axes that are left lies in both tensors.
  PermutedAxis at(Index index) const {
    PermutedAxis place;
    for (std::size_t i = 0; i < count_; ++i) {
      place.in_from += index % axes_[i].size * axes_[i].in_from;
      place.in_to += index % axes_[i].size * axes_[i].in_to;
      index /= axes_[i].size;
    }
    return place;
  }
  Index entries() const {
    Index product = 1;
    for (std::size_t i = 0; i < count_; ++i) product *= axes_[i].size;
    return product;
  }

 private:
  PermutedAxis take(std::size_t i) {
    const PermutedAxis axis = axes_[i];
    std::copy(axes_.begin() + static_cast<std::ptrdiff_t>(i) + 1, axes_.end(),
              axes_.begin() + static_cast<std::ptrdiff_t>(i));
    --count_;
    return axis;
  }

  std::array<PermutedAxis, Shape::max_rank + 1> axes_{};  // the last one of the result first
  std::size_t count_ = 0;
};

}  // namespace detail

/// Writes the elements of `from`, a tensor of that shape, to `to` with the axes in the given order, which names each
/// axis once. In tiles, so that neither tensor is read or written a single element of a cache line at a time.
template <class T>
void permute(int threads, const Shape& shape, const AxisOrder& order, const T* from, T* to) {
  constexpr Index tile = 32;
  detail::PermutedAxes rest(shape, order);
  const detail::PermutedAxis last = rest.take_last(), rows = rest.take_contiguous();
  const Index bands = (rows.size + tile - 1) / tile;
  parallel_for(threads_for(threads, shape.elements()), rest.entries() * bands, [=](Index begin, Index end, int) {
    for (Index piece = begin; piece < end; ++piece) {
      const detail::PermutedAxis place = rest.at(piece / bands);
      const Index row_begin = piece % bands * tile, row_end = std::min(row_begin + tile, rows.size);
      for (Index column = 0; column < last.size; column += tile)
        for (Index row = row_begin; row < row_end; ++row) {
          const T* source = from + place.in_from + row * rows.in_from + column * last.in_from;
          T* target = to + place.in_to + row * rows.in_to + column;
          const Index count = std::min(tile, last.size - column);
          for (Index i = 0; i < count; ++i) target[i] = source[i * last.in_from];
        }
    }
  });
}

}  // namespace amdefect
