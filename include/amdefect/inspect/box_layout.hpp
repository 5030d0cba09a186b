#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// What the boxes of a data set seem to be instead of COCO's x, y, width, height in pixels; empty where they may well
/// be these.
///
/// They look like corners (x1, y1, x2, y2) where 99 % fit into their images as such, while as COCO's a quarter would
/// reach beyond them; like shares of the image's size where no number is above 1.
inline std::string suspicious_box_layout(const CocoDataset& dataset) {
  std::unordered_map<std::int64_t, const CocoImage*> images;
  for (const CocoImage& image : dataset.images) images.emplace(image.id, &image);
  Index known = 0, beyond = 0, corners = 0;
  bool shares = !dataset.annotations.empty();
  for (const CocoAnnotation& annotation : dataset.annotations) {
    const CocoBox& box = annotation.box;
    shares = shares && std::max({box.x, box.y, box.width, box.height}) <= 1;
    const auto image = images.find(annotation.image_id);
    if (image == images.end() || image->second->width == 0 || image->second->height == 0) continue;
    const double right = static_cast<double>(image->second->width) + 1,
                 bottom = static_cast<double>(image->second->height) + 1;
    ++known;
    beyond += box.x + box.width > right || box.y + box.height > bottom;
    corners += box.width > box.x && box.height > box.y && box.width <= right && box.height <= bottom;
  }
  if (shares) return "boxes look like shares of the image's size: no number is above 1; COCO's boxes are in pixels";
  if (beyond == 0 || 4 * beyond < known || 100 * corners < 99 * known) return "";
  return concat("boxes look like corners (x1, y1, x2, y2): as x, y, width, height, which COCO's are, ", beyond, " of ",
                known, " reach beyond their images, as corners ", corners, " fit");
}

/// A line that warns of it; empty if there is nothing to say.
inline std::string box_layout_warning(const CocoDataset& dataset) {
  const std::string suspicion = suspicious_box_layout(dataset);
  return suspicion.empty() ? "" : concat("warning: ", suspicion, '\n');
}

}  // namespace amdefect
