#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/detection/evaluate.hpp"
#include "amdefect/detection/split_membership.hpp"

namespace amdefect {

/// What detectors find in the images that they were not trained on.
struct UnseenDetections {
  std::vector<CocoResult> results{};
  CocoSplit judged;      ///< the images that were looked at
  std::size_t left = 0;  ///< images that all detectors were trained on
};

/// Looks at each image with the first of the detectors that was not trained on it, as their files tell: of the models
/// of a cross-validation that is the one that left it out. `extra_image_folders`: see `further_channels`.
/// @throws Error for a detector that does not know its images or has other categories or channels, and where more
/// than half of the images have no detector; FileError for an image that cannot be read.
inline UnseenDetections detect_unseen(std::span<const std::unique_ptr<Detector>> detectors, const CocoSplit& split,
                                      const DetectOptions& options, const DetectProgress& progress = {},
                                      const std::vector<std::string>& extra_image_folders = {}) {
  std::vector<FurtherChannels> further;  // of each detector
  for (const auto& detector : detectors) {
    detector->check_options(options);
    require_same_categories(*detector, split);
    further.push_back(further_channels(detector->traits().sensors, extra_image_folders));
    require(!detector->images().train.empty(),
            "review: a model does not say which images it was trained on, so that "
            "nobody knows which it may judge; train it with this version");
  }
  const auto checksums = detail::image_checksums(split);
  std::vector<std::vector<std::size_t>> images(detectors.size());  // of each detector
  std::vector<std::size_t> judged;
  for (std::size_t i = 0; i < checksums.size(); ++i) {
    std::size_t d = 0;
    while (d < detectors.size() && detectors[d]->images().split_of(checksums[i].value_or(0)) == "train") ++d;
    if (d == detectors.size()) continue;
    images[d].push_back(i);
    judged.push_back(i);
  }
  UnseenDetections found{{}, detail::select_images(split, split.name, judged), checksums.size() - judged.size()};
  require(2 * judged.size() >= checksums.size(), "review: the given models were trained on ", found.left, " of the ",
          checksums.size(), " images of ", split.annotation_file.string(),
          " and cannot judge them; give models that left them out (train --fold 1/3, 2/3, 3/3)");
  Index done = 0;
  for (std::size_t d = 0; d < detectors.size(); ++d) {
    if (images[d].empty()) continue;
    const CocoSplit part = detail::select_images(split, split.name, images[d]);
    const std::vector<CocoResult> results =
        detect_files(*detectors[d], part, further[d], options, [&](Index here, Index) {
          if (progress) progress(done + here, found.judged.size());
        });
    found.results.insert(found.results.end(), results.begin(), results.end());
    done += part.size();
  }
  return found;
}

}  // namespace amdefect
