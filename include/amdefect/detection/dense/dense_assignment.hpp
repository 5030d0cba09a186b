#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/detection/dense/dense_grid.hpp"

namespace amdefect {

/// Which places answer for which object.
struct AssignmentOptions {
  /// Objects whose larger side is at most this many strides belong to the level, larger ones to a coarser one. 8
  /// strides are what a 3x3 convolution or two around a place can see at a glance.
  double largest_side = 8;
  /// Places up to this many strides from the middle of an object (along each axis) answer for it, as far as they lie in
  /// its box: 3 x 3 places for all but the smallest (Tian et al. 2019, arXiv:1904.01355, version 2).
  double radius = 1.5;
};

/// A place and the object it answers for.
struct DensePositive {
  Index row = 0, column = 0;
  std::size_t object = 0;
};

/// The level that answers for a box; all boxes too large for the others belong to the last one.
inline std::size_t level_of(const Box& box, std::span<const DenseGrid> grids, const AssignmentOptions& options) {
  const double side = std::max(box.width(), box.height());
  std::size_t level = 0;
  while (level + 1 < grids.size() && side > options.largest_side * static_cast<double>(grids[level].stride)) ++level;
  return level;
}

/// The places that answer for the objects of an image, in a list per level. Every object has at least the place nearest
/// to its middle, unless a smaller object holds it: where objects compete for a place, the smallest gets it. Boxes
/// without extent and those with their middle outside of the grid get none.
inline std::vector<std::vector<DensePositive>> assign_places(std::span<const DenseGrid> grids,
                                                             std::span<const Box> boxes,
                                                             const AssignmentOptions& options = {}) {
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return boxes[a].area() > boxes[b].area(); });
  std::vector<std::vector<std::size_t>> owners(grids.size());  // per place 1 + the object, 0: none
  for (std::size_t level = 0; level < grids.size(); ++level)
    owners[level].assign(static_cast<std::size_t>(grids[level].rows * grids[level].columns), 0);

  for (const std::size_t object : order) {  // large ones first, so that small ones take places from them
    const Box& box = boxes[object];
    if (!(box.width() > 0 && box.height() > 0)) continue;
    const std::size_t level = level_of(box, grids, options);
    const DenseGrid& grid = grids[level];
    const auto stride = static_cast<double>(grid.stride), reach = options.radius * stride;
    const double x = (box.x1 + box.x2) / 2, y = (box.y1 + box.y2) / 2;
    const auto nearest_row = static_cast<Index>(std::floor(y / stride));
    const auto nearest_column = static_cast<Index>(std::floor(x / stride));
    const auto cells = static_cast<Index>(std::ceil(options.radius)) + 1;
    for (Index row = nearest_row - cells; row <= nearest_row + cells; ++row)
      for (Index column = nearest_column - cells; column <= nearest_column + cells; ++column) {
        if (row < 0 || row >= grid.rows || column < 0 || column >= grid.columns) continue;
        const double px = grid.x(column), py = grid.y(row);
        const bool near = std::abs(px - x) < reach && std::abs(py - y) < reach;
        const bool inside = px > box.x1 && px < box.x2 && py > box.y1 && py < box.y2;
        if ((near && inside) || (row == nearest_row && column == nearest_column))
          owners[level][static_cast<std::size_t>(row * grid.columns + column)] = object + 1;
      }
  }

  std::vector<std::vector<DensePositive>> positives(grids.size());
  for (std::size_t level = 0; level < grids.size(); ++level)
    for (std::size_t place = 0; place < owners[level].size(); ++place)
      if (owners[level][place] > 0) {
        const auto at = static_cast<Index>(place);
        positives[level].push_back({at / grids[level].columns, at % grids[level].columns, owners[level][place] - 1});
      }
  return positives;
}

}  // namespace amdefect
