#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/io/json_value.hpp"
#include "amdefect/sensors/sensor_traits.hpp"

namespace amdefect {

/// Where the pictures of a data set come from if they are no image files: layers of a build, or several sensors.
struct PictureSource {
  Index channels = 0;  ///< of every picture; 0: they are image files
  /// The pictures of a split with their boxes, in the order of its images; where there is `open_numbers` only for
  /// people who read a report, and then of any number of channels.
  std::function<std::shared_ptr<const SampleSource>(const CocoSplit& split)> open{};
  /// The same as the numbers that the sensors measure, NaN where nothing is known.
  std::function<std::shared_ptr<const BasicSampleSource<float>>(const CocoSplit& split)> open_numbers{};
  std::vector<std::string> channel_names{};  ///< empty: they have none
  std::vector<Index> sensors{};              ///< channels of each sensor, in their order; empty: one for each
  Index never_missing = 0;                   ///< the first so many sensors are always there
  bool own_numbers = true;  ///< `open_numbers` gives those that sensors measure, not grey levels where some are unknown
  std::map<std::string, CameraPlace> camera_places{};  ///< which a detector's file keeps
  /// What decides on the pictures besides their files, such as where sensors lie: a run is continued only with the
  /// same.
  JsonValue identity{};

  explicit operator bool() const { return open || open_numbers; }
};

}  // namespace amdefect
