#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/inspect/inspection.hpp"
#include "amdefect/viz/annotation_gallery.hpp"

namespace amdefect::detail {

/// Chooses pictures of an inspected data set and loads them.
class InspectionPictures {
 public:
  /// At most `count` pictures of each thing that is shown. @throws FileError for an image that has vanished since.
  InspectionPictures(const Inspection& inspection, std::size_t count, std::uint64_t seed)
      : inspection_(inspection), count_(count) {
    for (const Inspection::Split& split : inspection.splits) {
      for (std::size_t fault = 0; fault < box_fault_names.size(); ++fault) add_fault(split, fault);
      add_crowded(split);
      add_random(split, seed);
    }
    for (const Inspection::Overlap& overlap : inspection.overlaps) add_leaks(overlap);
  }

  const std::vector<AnnotatedPicture>& pictures() const { return pictures_; }

 private:
  using Split = Inspection::Split;

  static std::string boxes_text(std::size_t count) { return concat(count, count == 1 ? " box" : " boxes"); }
  static std::size_t box_count(const Split& split, std::size_t image) {
    return split.annotations.by_image[image].size();
  }
  /// Positions of the images that can be shown.
  static std::vector<std::size_t> usable_images(const Split& split) {
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < split.images.size(); ++i)
      if (split.images[i].fault.empty()) positions.push_back(i);
    return positions;
  }
  static Index label_of(const CocoDataset& data, const CocoAnnotation& annotation) {
    const auto found = std::lower_bound(data.categories.begin(), data.categories.end(), annotation.category_id,
                                        [](const CocoCategory& category, std::int64_t id) { return category.id < id; });
    return found - data.categories.begin();
  }

  /// Adds a picture; the boxes of the annotations `faulty` stand out.
  void add(const std::string& group, const Split& split, std::size_t image, const std::string& caption,
           const std::vector<std::size_t>& faulty = {}) {
    const CocoDataset& data = split.data.coco;
    AnnotatedPicture picture{group, data.images[image].file_name, caption};
    picture.picture = make_gallery_picture(load_image(split.data.image_files[image]));
    for (const std::size_t i : split.annotations.by_image[image]) {
      const CocoAnnotation& annotation = data.annotations[i];
      const Index label = label_of(data, annotation);
      picture.boxes.push_back({{to_corners(annotation.box), label},
                               concat(data.categories[static_cast<std::size_t>(label)].name, ' ', annotation.box,
                                      ", annotation ", annotation.id),
                               std::find(faulty.begin(), faulty.end(), i) != faulty.end()});
    }
    pictures_.push_back(std::move(picture));
  }

  /// The first images with such boxes.
  void add_fault(const Split& split, std::size_t fault) {
    const std::vector<AnnotationCheck::Place>& places = split.annotations.faults[fault];
    std::size_t shown = 0;
    for (const AnnotationCheck::Place& place : places) {
      if (shown == count_) return;
      const std::size_t image = place.image;
      const auto here = [image](const AnnotationCheck::Place& other) { return other.image == image; };
      const bool seen = std::any_of(places.data(), &place, here);  // the places of an image need not be together
      if (seen || !split.images[image].fault.empty()) continue;
      std::vector<std::size_t> faulty;
      for (const AnnotationCheck::Place& other : places)
        if (here(other)) faulty.push_back(other.annotation);
      add(concat(split.data.name, ": ", box_fault_names[fault]), split, image, fault_caption(split, image, faulty),
          faulty);
      ++shown;
    }
  }
  static std::string fault_caption(const Split& split, std::size_t image, const std::vector<std::size_t>& faulty) {
    constexpr std::size_t most = 3;
    std::string caption = concat(faulty.size(), " of ", boxes_text(box_count(split, image)));
    for (std::size_t i = 0; i < std::min(faulty.size(), most); ++i)
      caption += concat(i == 0 ? ": " : "; ", split.data.coco.annotations[faulty[i]].box);
    return caption + (faulty.size() > most ? "; \xE2\x80\xA6" : "");
  }

  void add_crowded(const Split& split) {
    std::vector<std::size_t> images = usable_images(split);
    std::stable_sort(images.begin(), images.end(),
                     [&](std::size_t a, std::size_t b) { return box_count(split, a) > box_count(split, b); });
    for (std::size_t i = 0; i < std::min(count_, images.size()) && box_count(split, images[i]) > 0; ++i)
      add(split.data.name + ": the most crowded images", split, images[i], boxes_text(box_count(split, images[i])));
  }

  void add_random(const Split& split, std::uint64_t seed) {
    std::vector<std::size_t> images = usable_images(split);
    Random(seed).shuffle(images);
    for (std::size_t i = 0; i < std::min(count_, images.size()); ++i)
      add(split.data.name + ": images at random", split, images[i], boxes_text(box_count(split, images[i])));
  }

  /// Each image beside its partner.
  void add_leaks(const Inspection::Overlap& overlap) {
    const Split &a = inspection_.splits[overlap.first], &b = inspection_.splits[overlap.second];
    for (std::size_t kind = 0; kind < leak_names.size(); ++kind) {
      std::size_t shown = 0;
      for (const Leak& leak : overlap.leaks) {
        const bool usable = a.images[leak.first].fault.empty() && b.images[leak.second].fault.empty();
        if (static_cast<std::size_t>(leak.kind) != kind || !usable || ++shown > count_) continue;
        const std::string group = concat(a.data.name, " and ", b.data.name, ": ", leak_names[kind]);
        add(group, a, leak.first, concat("in ", a.data.name, ", pair ", shown));
        add(group, b, leak.second, concat("in ", b.data.name, ", pair ", shown));
      }
    }
  }

  const Inspection& inspection_;
  std::size_t count_;
  std::vector<AnnotatedPicture> pictures_;
};

}  // namespace amdefect::detail
