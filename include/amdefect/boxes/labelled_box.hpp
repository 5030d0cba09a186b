#pragma once

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// A ground-truth object: its box in continuous pixel coordinates, and its class as an index from 0.
struct LabelledBox {
  Box box;
  Index label = 0;

  friend bool operator==(const LabelledBox&, const LabelledBox&) = default;
};

}  // namespace amdefect
