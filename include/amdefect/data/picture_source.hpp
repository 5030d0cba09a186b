#pragma once

#include <functional>
#include <memory>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/sample.hpp"

namespace amdefect {

/// Where the pictures of a data set come from if they are no image files: layers of a build, for example.
struct PictureSource {
  Index channels = 0;  ///< of every picture; 0: they are image files
  /// The pictures of a split with their boxes, in the order of its images.
  std::function<std::shared_ptr<const SampleSource>(const CocoSplit& split)> open{};

  explicit operator bool() const { return static_cast<bool>(open); }
};

}  // namespace amdefect
