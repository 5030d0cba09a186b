#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// One of `count` parts of the images, about equally large: the `number`-th, from 1 on.
struct Fold {
  Index number = 0, count = 0;
};

/// "2/3": the second of three. @throws Error for anything but a number from 1 to that of the parts, which are 2 to 100.
inline Fold read_fold(const std::string& text) {
  const std::size_t slash = text.find('/');
  require(slash != std::string::npos, "fold: expected NUMBER/COUNT, e.g. 1/3, got '", text, "'");
  const auto count = read_number<Index>(text.substr(slash + 1), 2, 100, "after / ");
  return {read_number<Index>(text.substr(0, slash), 1, count, "before / "), count};
}

/// All images of a data set that comes as one annotation file; nothing for one that comes in splits.
inline std::optional<CocoSplit> whole_file(const CocoSplits& splits) {
  const std::array parts{&splits.train, &splits.valid, &splits.test};
  CocoSplit all{"all", {}, {}, {}};
  for (const std::optional<CocoSplit>* part : parts) {
    if (!*part || (*part)->annotation_file != (*parts[0])->annotation_file) return std::nullopt;
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(all.coco.images, (*part)->coco.images);
    append(all.coco.annotations, (*part)->coco.annotations);
    append(all.image_files, (*part)->image_files);
    all.outside.insert((*part)->outside.begin(), (*part)->outside.end());
  }
  all.annotation_file = (*parts[0])->annotation_file;
  all.folder = (*parts[0])->folder;
  all.coco.categories = (*parts[0])->coco.categories;
  return all;
}

/// The images that cross-validation divides: those of the training split, or all of a data set in one file.
/// @throws FileError if the data set has no training split.
inline CocoSplit images_to_fold(const CocoSplits& splits) {
  std::optional<CocoSplit> all = whole_file(splits);
  if (all) return *std::move(all);
  return splits.at("train");
}

/// The data set of one training of a cross-validation: the images of the fold are for validation, all others that it
/// divides for training. Which image is in which fold depends on the ids of the images alone.
/// @throws Error for fewer images than folds, and as `images_to_fold`.
inline CocoSplits leave_out(const CocoSplits& splits, const Fold& fold) {
  const CocoSplit all = images_to_fold(splits);
  require(all.size() >= fold.count, "fold: ", quantity(all.size(), "image"), " cannot be divided into ", fold.count);
  std::vector<std::size_t> order(all.coco.images.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return all.coco.images[a].id < all.coco.images[b].id; });
  Random(0).shuffle(order);
  std::vector<std::size_t> train, valid;
  for (std::size_t i = 0; i < order.size(); ++i)
    (static_cast<Index>(i) % fold.count == fold.number - 1 ? valid : train).push_back(order[i]);
  CocoSplits result{splits.root,
                    detail::select_images(all, "train", train),
                    detail::select_images(all, "valid", valid),
                    {},
                    splits.left_aside};
  if (all.name != "all") result.test = splits.test;
  return result;
}

}  // namespace amdefect
