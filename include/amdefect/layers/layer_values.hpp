#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/sensors/channel_moments.hpp"

namespace amdefect {

/// What a sensor says of each layer as a whole: a number for each; not finite where nothing is known.
struct LayerValues {
  std::string name;
  std::vector<double> values{};
};

/// "oxygen: 0.1 to 0.9, mean 0.5", and of how many layers nothing is known.
inline std::string to_text(const LayerValues& sensor) {
  RunningMoments moments;
  double least = INFINITY, most = -INFINITY;
  for (const double value : sensor.values) {
    moments.add(value);
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  const auto unknown = static_cast<Index>(sensor.values.size()) - static_cast<Index>(moments.count());
  std::string text = sensor.name + ": ";
  if (moments.count() > 0)
    text += concat(rounded_number(least, 6), " to ", rounded_number(most, 6), ", mean ",
                   rounded_number(moments.mean(), 6), unknown > 0 ? ", " : "");
  return unknown > 0 ? concat(text, "unknown in ", quantity(unknown, "layer")) : text;
}

}  // namespace amdefect
