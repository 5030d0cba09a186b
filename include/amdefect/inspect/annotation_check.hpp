#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/inspect/box_layout.hpp"
#include "amdefect/io/file_type.hpp"

namespace amdefect {

/// What can be wrong with a box.
enum class BoxFault : std::size_t {
  degenerate,  ///< less than one pixel wide or high
  outside,     ///< reaches more than a pixel beyond its image
  repeated,    ///< the same box and category again in the same image
  enormous     ///< covers more than 90 % of its image
};
inline constexpr std::array<const char*, 4> box_fault_names = {
    "boxes less than a pixel wide or high", "boxes reaching beyond their image", "boxes repeating another one exactly",
    "boxes covering more than 90 % of their image"};

/// What is worth knowing about the annotations of a split before one trains on it. Images and annotations are given by
/// their positions in the lists of the split.
struct AnnotationCheck {
  static constexpr std::array<int, 6> percents{1, 5, 50, 95, 99, 100};
  struct Place {
    std::size_t image = 0, annotation = 0;
  };

  std::vector<std::vector<std::size_t>> by_image{};  ///< the annotations of each image
  Index crowds = 0;
  Index usable = 0;  ///< boxes that training can use, see `is_usable`
  std::array<std::vector<Place>, box_fault_names.size()> faults{};
  std::string box_layout{};                              ///< see `suspicious_box_layout`
  double box_offset = 0;                                 ///< see `detect_box_offset`
  std::vector<std::pair<std::string, Index>> classes{};  ///< boxes of each category
  std::array<double, percents.size()> sides{};           ///< percentiles of the larger side of a box, without crowds
  std::vector<std::string> repeated_files{},
      repeated_categories{};                    ///< image files, or names, that several entries have
  std::vector<std::string> alike_categories{};  ///< two names each that differ in case or blanks alone
  Index images_without_size = 0;  ///< according to the annotations: whether boxes are outside is not known

  const std::vector<Place>& of(BoxFault fault) const { return faults[static_cast<std::size_t>(fault)]; }
  Index boxes() const {
    Index sum = 0;
    for (const auto& annotations : by_image) sum += static_cast<Index>(annotations.size());
    return sum;
  }
  /// The larger side of a box that so many percent of the boxes, crowds not counted, do not exceed; 0 without boxes.
  /// @throws Error unless it is one of `percents`.
  double side(int percent) const {
    const auto found = std::find(percents.begin(), percents.end(), percent);
    require(found != percents.end(), "annotation check: there is no percentile ", percent);
    return sides[static_cast<std::size_t>(found - percents.begin())];
  }
  Index most_boxes() const {
    std::size_t most = 0;
    for (const auto& annotations : by_image) most = std::max(most, annotations.size());
    return static_cast<Index>(most);
  }
  Index images_without_boxes() const {
    return std::count_if(by_image.begin(), by_image.end(), [](const auto& annotations) { return annotations.empty(); });
  }
};

namespace detail {

/// Those that are there more than once, each once.
inline std::vector<std::string> repeated(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::vector<std::string> found;
  for (std::size_t i = 1; i < names.size(); ++i)
    if (names[i] == names[i - 1] && (found.empty() || found.back() != names[i])) found.push_back(names[i]);
  return found;
}

/// Pairs of different names that are the same in small letters and without blanks, as "Scratch" and "scratch ": mostly
/// one class, spelled in two ways.
inline std::vector<std::string> alike(const std::vector<std::string>& names) {
  std::map<std::string, std::string> first;
  std::vector<std::string> found;
  for (const std::string& name : names) {
    std::string key = ascii_lower(name);
    std::erase_if(key, [](char letter) { return letter == ' ' || letter == '\t' || letter == '_' || letter == '-'; });
    const std::string& other = first.emplace(key, name).first->second;
    if (other != name) found.push_back(concat("'", other, "' and '", name, "'"));
  }
  return found;
}

}  // namespace detail

/// Whether training can use the box: no crowd, with an extent, at least in part within its image.
inline bool is_usable(const CocoAnnotation& annotation, const CocoImage& image) {
  const CocoBox& box = annotation.box;
  const bool known = image.width > 0 && image.height > 0;
  const bool visible =
      !known || (box.x < static_cast<double>(image.width) && box.y < static_cast<double>(image.height) &&
                 box.x + box.width > 0 && box.y + box.height > 0);
  return !annotation.crowd && box.width > 0 && box.height > 0 && visible;
}

/// Whether there is a box that training can use. Stops at the first one.
inline bool has_usable_box(const CocoSplit& split) {
  std::unordered_map<std::int64_t, const CocoImage*> images;
  for (const CocoImage& image : split.coco.images) images.emplace(image.id, &image);
  return std::any_of(
      split.coco.annotations.begin(), split.coco.annotations.end(),
      [&](const CocoAnnotation& annotation) { return is_usable(annotation, *images.at(annotation.image_id)); });
}

inline AnnotationCheck check_annotations(const CocoSplit& split) {
  AnnotationCheck check{.box_layout = suspicious_box_layout(split.coco), .box_offset = detect_box_offset(split.coco)};
  check.by_image.resize(split.coco.images.size());
  std::unordered_map<std::int64_t, std::size_t> positions;
  for (std::size_t i = 0; i < split.coco.images.size(); ++i) positions.emplace(split.coco.images[i].id, i);
  std::map<std::int64_t, Index> per_class;
  std::map<std::tuple<std::int64_t, std::int64_t, double, double, double, double>, Index> places;
  std::vector<double> sides;
  for (std::size_t i = 0; i < split.coco.annotations.size(); ++i) {
    const CocoAnnotation& a = split.coco.annotations[i];
    const std::size_t position = positions.at(a.image_id);
    const CocoImage& image = split.coco.images[position];
    const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
    const bool known = image.width > 0 && image.height > 0;
    const auto note = [&](BoxFault fault, bool found) {
      if (found) check.faults[static_cast<std::size_t>(fault)].push_back({position, i});
    };
    note(BoxFault::degenerate, a.box.width < 1 || a.box.height < 1);
    note(BoxFault::outside, known && (a.box.x < -1 || a.box.y < -1 || a.box.x + a.box.width > width + 1 ||
                                      a.box.y + a.box.height > height + 1));
    note(BoxFault::repeated, places[{a.image_id, a.category_id, a.box.x, a.box.y, a.box.width, a.box.height}]++ > 0);
    note(BoxFault::enormous, known && a.box.width * a.box.height > 0.9 * width * height);
    check.by_image[position].push_back(i);
    check.crowds += a.crowd;
    check.usable += is_usable(a, image);
    ++per_class[a.category_id];
    if (!a.crowd) sides.push_back(std::max(a.box.width, a.box.height));
  }
  for (const CocoCategory& category : split.coco.categories)
    check.classes.emplace_back(category.name, per_class[category.id]);
  std::sort(sides.begin(), sides.end());
  for (std::size_t i = 0; i < check.sides.size() && !sides.empty(); ++i)
    check.sides[i] = sides[(sides.size() - 1) * static_cast<std::size_t>(AnnotationCheck::percents[i]) / 100];
  std::vector<std::string> files, categories;
  for (std::size_t i = 0; i < split.coco.images.size(); ++i) {
    const CocoImage& image = split.coco.images[i];
    const bool found = i < split.image_files.size() && !split.image_files[i].empty();
    files.push_back(found ? split.image_files[i].lexically_normal().string() : image.file_name);
    check.images_without_size += image.width == 0 || image.height == 0;
  }
  for (const CocoCategory& category : split.coco.categories) categories.push_back(category.name);
  check.repeated_files = detail::repeated(std::move(files));
  check.alike_categories = detail::alike(categories);
  check.repeated_categories = detail::repeated(std::move(categories));
  return check;
}

}  // namespace amdefect
