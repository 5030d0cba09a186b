#pragma once

#include <doctest/doctest.h>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"

namespace amdefect {

/// Checks the categories of scenes with nozzles and workpieces, and that all boxes lie within pictures of that size.
inline void check_annotations(const CocoDataset& dataset, Index width, Index height) {
  REQUIRE(dataset.categories.size() == 4);
  CHECK(dataset.categories[1].name == "nozzle");
  CHECK(dataset.categories[3].name == "workpiece");
  for (const CocoAnnotation& annotation : dataset.annotations) {
    const Box box = to_corners(annotation.box);
    CHECK(box.x1 >= 0);
    CHECK(box.y1 >= 0);
    CHECK(box.x2 <= static_cast<double>(width));
    CHECK(box.y2 <= static_cast<double>(height));
    CHECK(box.area() > 0);
  }
}

}  // namespace amdefect
