#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "amdefect/boxes/detection.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// A picture of a COCO data set; width and height are 0 where the file does not say.
struct CocoImage {
  std::int64_t id = 0;
  std::string file_name;
  Index width = 0, height = 0;
};

struct CocoCategory {
  std::int64_t id = 0;
  std::string name;
  std::string supercategory;
};

/// A ground-truth object. `area` is the area of its mask in square pixels, which need not equal that of the box.
struct CocoAnnotation {
  std::int64_t id = 0, image_id = 0, category_id = 0;
  CocoBox box;
  double area = 0;
  /// A group of objects: detections may overlap it any number of times, unpunished and unrewarded.
  bool crowd = false;
  /// Written by some exporters; COCO's evaluation does not look at it.
  bool ignore = false;
};

/// The content of a COCO annotation file.
struct CocoDataset {
  std::vector<CocoImage> images;
  std::vector<CocoCategory> categories;
  std::vector<CocoAnnotation> annotations;
};

/// A detection; a COCO results file is a list of these.
struct CocoResult {
  std::int64_t image_id = 0, category_id = 0;
  CocoBox box;
  double score = 0;
};

/// The detection as COCO writes it; `category_ids` maps labels to the ids of a data set.
inline CocoResult to_coco(const Detection& detection, std::int64_t image_id,
                          const std::vector<std::int64_t>& category_ids) {
  return {image_id, category_ids.at(static_cast<std::size_t>(detection.label)), to_coco(detection.box),
          detection.score};
}

/// Whether there is an annotation with id 0 (Roboflow counts from it): pycocotools never counts it as found, because
/// its mark for "found" is the id.
inline bool has_annotation_0(const CocoDataset& dataset) {
  return std::any_of(dataset.annotations.begin(), dataset.annotations.end(),
                     [](const CocoAnnotation& annotation) { return annotation.id == 0; });
}

}  // namespace amdefect
