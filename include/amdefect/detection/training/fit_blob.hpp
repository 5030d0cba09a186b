#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/detection/blob_detector.hpp"
#include "amdefect/detection/evaluate.hpp"
#include "amdefect/detection/training/training_splits.hpp"

namespace amdefect {

/// A BlobDetector with the settings that suit a data set.
struct FittedBlobs {
  BlobDetector detector;
  double ap50 = 0;   ///< on the images that were looked at
  Index images = 0;  ///< how many these were
};

namespace detail {

/// Every n-th image of a split, at most `most`.
inline CocoSplit sample_of(const CocoSplit& split, std::size_t most) {
  const std::size_t step = std::max<std::size_t>(1, (split.coco.images.size() + most - 1) / most);
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < split.coco.images.size(); i += step) positions.push_back(i);
  return select_images(split, split.name, positions);
}

/// The class with the most boxes.
inline Index commonest_label(const CocoSource& source, std::size_t classes) {
  std::vector<Index> counts(classes);
  for (Index i = 0; i < source.size(); ++i)
    for (const LabelledBox& object : source.objects(i)) ++counts.at(static_cast<std::size_t>(object.label));
  return std::max_element(counts.begin(), counts.end()) - counts.begin();
}

}  // namespace detail

/// Tries many settings on up to 60 images of a split and keeps those with the best AP50. The blobs get the class with
/// the most boxes. `log` takes a line for each setting. @throws FileError for an image that cannot be read
inline FittedBlobs fit_blobs(const CocoSplit& training, const CocoSourceOptions& options = {},
                             const std::function<void(const std::string&)>& log = {}) {
  const CocoSplit split = detail::sample_of(training, 60);
  const CocoSource source(split, options);
  const DetectorLabels labels = labels_of(training, options.box_offset);
  const Index label = detail::commonest_label(source, labels.class_names.size());
  const Index channels = 3 + static_cast<Index>(options.extra_image_folders.size());
  BlobModel best;
  double best_ap = -1, threshold = 0;
  for (const Index window : {15, 31, 61})
    for (const bool dark : {true, false})
      for (const Index contrast : {10, 16, 24, 36, 54}) {
        const BlobModel model{.window = window, .threshold = contrast, .dark = dark};
        const BlobDetector detector(model, labels, label, channels);
        const auto results = detect_split(detector, split, source, {.min_score = 0.0});
        const double ap = average_precision(split.coco, results, 0.5);
        if (log) log(concat("window ", window, dark ? ", dark" : ", bright", ", contrast ", contrast, ": AP50 ", ap));
        if (ap <= best_ap) continue;
        best_ap = ap;
        best = model;
        threshold = score_curves(split.coco, results).all.best_threshold().value_or(0);
      }
  return {BlobDetector(best, labels, label, channels, threshold), best_ap, split.size()};
}

}  // namespace amdefect
