#pragma once

#include <algorithm>
#include <cmath>

#include "amdefect/core/tensor.hpp"
#include "amdefect/detection/box.hpp"

namespace amdefect {

/// log(1 + e^x) without overflow.
inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// The places where one level of a dense detector looks for objects: one in the middle of each cell of stride x stride
/// pixels. The network says for each how far the four edges of the box are away: left, top, right, bottom, in strides,
/// as softplus of its outputs, so that every output is a box with the place in it.
struct DenseGrid {
  Index stride = 4, rows = 0, columns = 0;

  double x(Index column) const { return (static_cast<double>(column) + 0.5) * static_cast<double>(stride); }
  double y(Index row) const { return (static_cast<double>(row) + 0.5) * static_cast<double>(stride); }

  /// The box that four outputs at a place mean, in pixels.
  template <class T>
  Box decode(Index row, Index column, const T* outputs) const {
    const auto distance = [&](int edge) {
      return static_cast<double>(stride) * softplus(static_cast<double>(outputs[edge]));
    };
    return {x(column) - distance(0), y(row) - distance(1), x(column) + distance(2), y(row) + distance(3)};
  }
};

/// The grid of an output [batch, rows, columns, ...].
inline DenseGrid grid_of(const Shape& output, Index stride) { return {stride, output[1], output[2]}; }

}  // namespace amdefect
