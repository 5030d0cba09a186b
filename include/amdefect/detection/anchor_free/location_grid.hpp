#pragma once

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/detection/anchor_free/edge_distance.hpp"

namespace amdefect {

/// The locations where one level of an anchor-free detector looks for objects: one in the middle of each cell of stride
/// x stride pixels. The network says for each how far the four edges of the box are away: left, top, right, bottom, in
/// strides, by `bins` outputs each (`EdgeDistance`), so that every output is a box with the location in it.
struct LocationGrid {
  Index stride = 4, rows = 0, columns = 0, bins = 1;

  double x(Index column) const { return (static_cast<double>(column) + 0.5) * static_cast<double>(stride); }
  double y(Index row) const { return (static_cast<double>(row) + 0.5) * static_cast<double>(stride); }

  /// The box that the outputs at a location mean, in pixels.
  template <class T>
  Box decode(Index row, Index column, const T* outputs) const {
    const auto distance = [&](Index edge) {
      return static_cast<double>(stride) * EdgeDistance(outputs + edge * bins, bins).value();
    };
    return {x(column) - distance(0), y(row) - distance(1), x(column) + distance(2), y(row) + distance(3)};
  }
};

/// The grid of an output for boxes: [batch, rows, columns, 4 * bins].
inline LocationGrid grid_of(const Shape& boxes, Index stride) { return {stride, boxes[1], boxes[2], boxes[3] / 4}; }

}  // namespace amdefect
