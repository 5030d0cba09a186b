#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/data/checksum.hpp"
#include "amdefect/data/coco_split.hpp"
#include "amdefect/data/file_bytes.hpp"

namespace amdefect {

/// What is worth knowing about the annotations of a split before one trains on it.
struct AnnotationCheck {
  static constexpr std::array<int, 6> percents{1, 5, 50, 95, 99, 100};

  std::string split;
  Index images = 0, images_without_boxes = 0, most_boxes = 0;
  Index boxes = 0, crowds = 0;
  Index outside = 0;     ///< reach more than a pixel beyond their image
  Index degenerate = 0;  ///< less than one pixel wide or high
  Index repeated = 0;    ///< the same box and category again in the same image
  Index enormous = 0;    ///< cover more than 90 % of their image
  double box_offset = 0;
  std::vector<std::pair<std::string, Index>> classes{};  ///< boxes of each category
  std::array<double, percents.size()> sides{};           ///< percentiles of the larger side of a box
};

inline AnnotationCheck check_annotations(const CocoSplit& split) {
  AnnotationCheck check{.split = split.name, .images = split.size()};
  std::unordered_map<std::int64_t, const CocoImage*> images;
  std::map<std::int64_t, Index> per_image, per_class;
  for (const CocoImage& image : split.coco.images) images.emplace(image.id, &image);
  std::map<std::tuple<std::int64_t, std::int64_t, double, double, double, double>, Index> places;
  std::vector<double> sides;
  for (const CocoAnnotation& a : split.coco.annotations) {
    const CocoImage& image = *images.at(a.image_id);
    const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
    const bool known = image.width > 0 && image.height > 0;
    ++check.boxes;
    check.crowds += a.crowd;
    check.degenerate += a.box.width < 1 || a.box.height < 1;
    check.outside += known && (a.box.x < -1 || a.box.y < -1 || a.box.x + a.box.width > width + 1 ||
                               a.box.y + a.box.height > height + 1);
    check.enormous += known && a.box.width * a.box.height > 0.9 * width * height;
    check.repeated += places[{a.image_id, a.category_id, a.box.x, a.box.y, a.box.width, a.box.height}]++ > 0;
    check.most_boxes = std::max(check.most_boxes, ++per_image[a.image_id]);
    ++per_class[a.category_id];
    sides.push_back(std::max(a.box.width, a.box.height));
  }
  check.images_without_boxes = check.images - static_cast<Index>(per_image.size());
  check.box_offset = detect_box_offset(split.coco);
  for (const CocoCategory& category : split.coco.categories)
    check.classes.emplace_back(category.name, per_class[category.id]);
  std::sort(sides.begin(), sides.end());
  for (std::size_t i = 0; i < check.sides.size() && !sides.empty(); ++i)
    check.sides[i] = sides[(sides.size() - 1) * static_cast<std::size_t>(AnnotationCheck::percents[i]) / 100];
  return check;
}

/// Image files of `b` with exactly the bytes of one of `a`: such images leak from training into validation.
/// @throws FileError for a file that cannot be read.
inline std::vector<std::pair<std::filesystem::path, std::filesystem::path>> identical_images(const CocoSplit& a,
                                                                                             const CocoSplit& b) {
  const auto key = [](const std::filesystem::path& file) {
    const Bytes bytes = read_bytes(file);
    return std::pair(bytes.size(), crc32(bytes));
  };
  std::map<std::pair<std::size_t, std::uint32_t>, std::filesystem::path> known;
  for (const auto& file : a.image_files) known.emplace(key(file), file);
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> same;
  for (const auto& file : b.image_files)
    if (const auto found = known.find(key(file)); found != known.end() && read_bytes(found->second) == read_bytes(file))
      same.emplace_back(found->second, file);
  return same;
}

/// The findings as a few lines; what is nothing to worry about is left out.
inline std::string to_text(const AnnotationCheck& check) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << check.split << ": " << check.images << " images (" << check.images_without_boxes << " without boxes), "
      << check.boxes << " boxes, up to " << check.most_boxes << " in an image\n  classes:";
  for (const auto& [name, count] : check.classes) out << ' ' << name << ' ' << count << ';';
  out << "\n  larger side of a box in pixels:";
  for (std::size_t i = 0; i < check.sides.size(); ++i)
    out << ' ' << AnnotationCheck::percents[i] << " %: " << check.sides[i] << ';';
  out << '\n';
  const std::pair<Index, const char*> remarks[] = {{check.crowds, "crowds, which are left out"},
                                                   {check.degenerate, "boxes are less than a pixel wide or high"},
                                                   {check.outside, "boxes reach beyond their image"},
                                                   {check.repeated, "boxes repeat another one exactly"},
                                                   {check.enormous, "boxes cover more than 90 % of their image"}};
  for (const auto& [count, text] : remarks)
    if (count > 0) out << "  " << count << ' ' << text << '\n';
  for (const auto& [name, count] : check.classes)
    if (count == 0) out << "  the class " << name << " has no boxes\n";
  if (check.box_offset != 0) out << "  boxes are pixel indices: half a pixel is missing (--box_offset 0.5)\n";
  return out.str();
}

}  // namespace amdefect
