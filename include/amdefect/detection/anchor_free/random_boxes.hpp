#pragma once

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// Targets of an anchor-free detector that are made up, for timings: `objects` squares of class 0 with that side, in
/// each of `batch` images of image_side x image_side pixels. [batch, objects, 5]: x1, y1, x2, y2, class.
inline Tensor<float> random_boxes(Index batch, Index image_side, Index objects, Index side, Random& random) {
  Tensor<float> boxes({batch, objects, 5});
  const auto place = [&] { return static_cast<float>(random.uniform(0, static_cast<double>(image_side - side))); };
  for (Index image = 0; image < batch; ++image)
    for (Index object = 0; object < objects; ++object) {
      const float x = place(), y = place(),
                  corners[] = {x, y, x + static_cast<float>(side), y + static_cast<float>(side)};
      for (Index i = 0; i < 4; ++i) boxes(image, object, i) = corners[i];
    }
  return boxes;
}

}  // namespace amdefect
