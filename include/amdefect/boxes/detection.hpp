#pragma once

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// One predicted object of an image; `label` is the index of its class.
struct Detection {
  Box box;
  double score = 0;
  Index label = 0;

  friend bool operator==(const Detection&, const Detection&) = default;
};

}  // namespace amdefect
