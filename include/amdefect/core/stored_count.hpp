#pragma once

#include <cmath>
#include <string_view>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// A count (of epochs, updates, samples, ...) that a training state keeps as a double. @throws Error that names it
/// unless it is a whole number from 0 to 10^15, with which one can go on counting.
inline Index stored_count(double number, std::string_view name) {
  require(number >= 0 && number <= 1e15 && number == std::trunc(number), "training state: '", name, "' holds ", number,
          ", expected a whole number from 0 to 1e15");
  return static_cast<Index>(number);
}

}  // namespace amdefect
