#pragma once

#include <utility>

#include "amdefect/detection/detector.hpp"
#include "amdefect/inspect/annotation_check.hpp"

namespace amdefect {

/// The splits that a training can use: a validation split without usable boxes is left out.
/// @throws FileError without a training split, Error if that has nothing to learn from.
inline CocoSplits usable_splits(CocoSplits splits) {
  const CocoSplit& training = splits.at("train");
  require(training.size() > 0, "train: the training split of ", splits.root.string(), " has no images");
  require(!training.coco.categories.empty(), "train: the data set ", training.annotation_file.string(),
          " has no categories");
  require(has_usable_box(training), "train: none of the ", training.size(), " training images of ",
          training.annotation_file.string(), " has a box: there is nothing to learn");
  if (splits.valid && !has_usable_box(*splits.valid)) splits.valid.reset();
  return splits;
}

/// The categories of a split as labels. @throws Error unless their number is the expected one, where that is not 0.
inline DetectorLabels labels_of(const CocoSplit& split, double box_offset, Index expected = 0) {
  const Index found = static_cast<Index>(split.coco.categories.size());
  require(expected == 0 || expected == found, "num_classes is ", expected, ", but the data set has ", found,
          " categories (unused ones count)");
  DetectorLabels labels;
  labels.box_offset = box_offset;
  for (const CocoCategory& category : split.coco.categories) {
    labels.class_names.push_back(category.name);
    labels.category_ids.push_back(category.id);
  }
  return labels;
}

}  // namespace amdefect
