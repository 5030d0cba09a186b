#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>

#include "amdefect/detection/detector.hpp"
#include "json_options.hpp"

namespace amdefect {

/// Adds the options of inference that several commands have. The lowest score has another meaning in each.
inline void add_detect_options(CLI::App& command, DetectOptions& options) {
  const auto add = option_adder(command);
  add("--nms_iou", options.nms_iou, "Overlap above which the lesser of two boxes is dropped")
      ->transform(number_range(0.0, 1.0));
  add("--soft_nms", options.soft_nms_sigma,
      "Lower the scores of overlapping boxes by exp(-IoU^2 / this) instead of dropping them, e.g. 0.5; 0: "
      "drop by --nms_iou")
      ->transform(number_range(0.0));
  add("--max_detections", options.max_detections, "Most objects per image, the best ones")
      ->transform(number_range<Index>(1, std::numeric_limits<std::int32_t>::max()));
  command.add_flag_function(
      "--flip_test,--no_flip_test{false}", [&options](std::int64_t value) { options.flip_test = value > 0; },
      "Average over the image and its mirror images: slower by four; default: as training found worthwhile");
}

}  // namespace amdefect
