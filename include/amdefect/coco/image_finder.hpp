#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/coco/split_names.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/lies_in.hpp"
#include "amdefect/io/list_folder.hpp"
#include "amdefect/metrics/coco_dataset.hpp"

namespace amdefect::detail {

/// Finds the image files of an annotation file: beside it, in `images/` or `data/` below it, in a folder with the name
/// of the file (without `instances_`) or of its split in any of these, and for a file in `annotations/` the same from
/// the folder above on; names of folders count in any case. Folders in a name that do not exist are ignored, unless
/// entries differ in nothing else.
class ImageFinder {
 public:
  ImageFinder(const std::filesystem::path& annotation_file, const std::vector<CocoImage>& images) {
    for (const CocoImage& image : images) {
      const std::filesystem::path name = with_slashes(image.file_name);
      const auto [other, first] = bare_names_.emplace(name.filename(), name.lexically_normal());
      if (!first && other->second != name.lexically_normal()) other->second.clear();
    }
    std::string subset = ascii_lower(annotation_file.stem().string());
    if (subset.starts_with("instances_")) subset = subset.substr(10);
    const std::string_view split = split_of_name(subset).split;
    const std::filesystem::path folder = annotation_file.parent_path();
    add(folder, subset, split);
    const std::filesystem::path around = absolute_path(annotation_file).lexically_normal().parent_path();
    if (is_annotation_folder(around))
      add(folder.filename() == around.filename() ? folder.parent_path() : folder / "..", subset, split);
  }

  /// Empty if there is no such file. Those that do not lie in `within` do not count, wherever a name or a link leads;
  /// where it is empty, all do.
  std::filesystem::path find(const CocoImage& image, const std::filesystem::path& within = {}) const {
    const std::filesystem::path slashes = with_slashes(image.file_name), bare = slashes.filename();
    const auto owner = bare_names_.find(bare);  // Label Studio may write folders of the machine it ran on
    const bool ambiguous = owner != bare_names_.end() && owner->second.empty();
    for (const std::filesystem::path& name :
         {std::filesystem::path(image.file_name), slashes, ambiguous ? slashes : bare})
      for (const std::filesystem::path& root : roots_) {
        std::error_code none;
        if (std::filesystem::is_regular_file(root / name, none) && (within.empty() || lies_in(root / name, within)))
          return root / name;
      }
    return {};
  }

 private:
  /// Windows tools write backslashes.
  static std::filesystem::path with_slashes(std::string name) {
    std::replace(name.begin(), name.end(), '\\', '/');
    return name;
  }
  /// The folders in `folder` that may hold the images, the surest first.
  void add(const std::filesystem::path& folder, const std::string& subset, std::string_view split) {
    constexpr std::array<std::string_view, 6> holders{"images", "data", "image", "imgs", "img", "jpegimages"};
    std::vector<std::filesystem::path> named, by_split;
    const auto look_for_subset = [&](const std::filesystem::path& place) {
      for (const std::filesystem::path& below : list_folder(place, EntryKind::folder)) {
        const std::string name = below.filename().string();
        if (ascii_lower(name) == subset)
          named.push_back(below);
        else if (!split.empty() && split_of_name(name).split == split)
          by_split.push_back(below);
      }
    };
    std::vector<std::filesystem::path> places{folder};
    const std::vector<std::filesystem::path> folders = list_folder(folder, EntryKind::folder);
    for (const std::string_view holder : holders)
      for (const std::filesystem::path& below : folders)
        if (ascii_lower(below.filename().string()) == holder) places.push_back(folder / below.filename());
    for (const std::filesystem::path& place : places) look_for_subset(place);
    for (const auto& list : {places, named, by_split}) roots_.insert(roots_.end(), list.begin(), list.end());
  }

  std::vector<std::filesystem::path> roots_;
  std::map<std::filesystem::path, std::filesystem::path> bare_names_;  // the entry that has it; empty if several do
};

}  // namespace amdefect::detail
