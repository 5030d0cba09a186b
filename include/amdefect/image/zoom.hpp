#pragma once

#include <algorithm>
#include <cmath>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// How much larger a network sees pictures than they are: 0.5 shows everything half as large. Part of a detector's
/// file.
inline constexpr double smallest_zoom = 1.0 / 64, largest_zoom = 4;

/// Throws an Error unless it is a zoom that can be meant.
inline void check_zoom(double zoom) {
  require(zoom >= smallest_zoom && zoom <= largest_zoom, "zoom is ", zoom, ", expected ", smallest_zoom, " to ",
          largest_zoom);
}

/// The side of a zoomed picture in whole pixels, at least one.
inline Index zoomed_side(Index side, double zoom) {
  return std::max<Index>(1, static_cast<Index>(std::floor(static_cast<double>(side) * zoom + 0.5)));
}

}  // namespace amdefect
