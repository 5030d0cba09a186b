#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/coco/folds.hpp"
#include "amdefect/detection/image_membership.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/file_bytes.hpp"

namespace amdefect {

namespace detail {

/// Of each image of a split; nothing where the file is not there.
inline std::vector<std::optional<std::uint64_t>> image_checksums(const CocoSplit& split) {
  std::vector<std::optional<std::uint64_t>> checksums(split.image_checksums.begin(), split.image_checksums.end());
  if (!checksums.empty()) return checksums;
  for (const std::filesystem::path& file : split.image_files) {
    std::error_code none;
    checksums.emplace_back();
    if (!std::filesystem::is_regular_file(file, none)) continue;
    const Bytes bytes = read_bytes(file);
    checksums.back() = fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return checksums;
}

}  // namespace detail

/// The images of a data set, as far as they are there. @throws FileError for one that cannot be read.
inline ImageMembership membership_of(const CocoSplits& splits) {
  ImageMembership membership;
  for (const auto& [split, images] : {std::pair(&splits.train, &membership.train),
                                      {&splits.valid, &membership.valid},
                                      {&splits.test, &membership.test}}) {
    if (!*split) continue;
    for (const auto& checksum : detail::image_checksums(**split))
      if (checksum) images->push_back(*checksum);
    std::sort(images->begin(), images->end());
    // Several pieces of one layer are known by the same number.
    if (!(*split)->image_checksums.empty()) images->erase(std::unique(images->begin(), images->end()), images->end());
  }
  return membership;
}

/// The names of the images of a split that a detector was trained on.
inline std::vector<std::string> trained_images(const CocoSplit& split, const ImageMembership& membership) {
  std::vector<std::string> names;
  if (membership.train.empty()) return names;
  const auto checksums = detail::image_checksums(split);
  for (std::size_t i = 0; i < checksums.size(); ++i)
    if (checksums[i] && membership.split_of(*checksums[i]) == "train") names.push_back(split.coco.images[i].file_name);
  return names;
}

/// A data set of one annotation file, split as it was for the training instead of by a seed; images that were not there
/// then are test images. Nothing for a data set that comes in splits, and where no image is known.
inline std::optional<CocoSplits> split_as_trained(const CocoSplits& splits, const ImageMembership& membership) {
  const std::optional<CocoSplit> all = whole_file(splits);
  if (!all) return std::nullopt;
  std::vector<std::size_t> train, valid, test;
  bool known = false;
  const auto checksums = detail::image_checksums(*all);
  for (std::size_t i = 0; i < checksums.size(); ++i) {
    const std::string_view split = checksums[i] ? membership.split_of(*checksums[i]) : "";
    known = known || !split.empty();
    (split == "train" ? train : split == "valid" ? valid : test).push_back(i);
  }
  if (!known) return std::nullopt;
  return CocoSplits{splits.root, detail::select_images(*all, "train", train),
                    detail::select_images(*all, "valid", valid), detail::select_images(*all, "test", test)};
}

}  // namespace amdefect
