#pragma once

#include <array>
#include <cstddef>

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// Where a box begins in a tensor, for each axis.
using BoxOrigin = std::array<Index, Shape::max_rank>;

/// Calls `body(offset in the tensor, offset in the box, elements)` for each contiguous piece of a box: the entries
/// [origin[i], origin[i] + box[i]) of each axis i of a tensor of the shape `whole`, which must have them.
template <class Body>
void for_each_box_run(const Shape& whole, const Shape& box, const BoxOrigin& origin, const Body& body) {
  // An axis that lies in the box as a whole makes one longer axis with the one before it.
  std::array<Index, Shape::max_rank> sizes{}, in_box{}, begins{}, at{};
  std::size_t axes = 0;
  for (std::size_t i = 0; i < whole.rank(); ++i)
    if (axes > 0 && box[i] == whole[i]) {
      sizes[axes - 1] *= whole[i];
      in_box[axes - 1] *= whole[i];
      begins[axes - 1] *= whole[i];
    } else {
      sizes[axes] = whole[i];
      in_box[axes] = box[i];
      begins[axes++] = origin[i];
    }
  if (axes == 0) return body(Index{0}, Index{0}, Index{1});  // a scalar

  std::array<Index, Shape::max_rank> strides{};
  Index stride = 1, of_whole = 0;
  for (std::size_t i = axes; i-- > 0; stride *= sizes[i]) {
    strides[i] = stride;
    of_whole += begins[i] * stride;
  }
  const Index elements = box.elements(), run = in_box[axes - 1];
  for (Index of_box = 0; of_box < elements; of_box += run) {
    body(of_whole, of_box, run);
    for (std::size_t i = axes - 1; i-- > 0;) {
      of_whole += strides[i];
      if (++at[i] < in_box[i]) break;
      of_whole -= at[i] * strides[i];
      at[i] = 0;
    }
  }
}

}  // namespace amdefect
