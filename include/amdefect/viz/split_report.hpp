#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/picture_source.hpp"
#include "amdefect/image/draw.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/viz/report_data.hpp"

namespace amdefect {

/// What a report shows of detections in the images of a split: their figures, and pictures for the gallery, which are
/// read from the split's files, or from `pictures`. @throws FileError for an image that cannot be read.
inline ReportData split_report(std::string title, const CocoSplit& split, const std::vector<CocoResult>& results,
                               DetectionMetrics evaluation, const PictureSource& pictures = {}) {
  ReportData data{.title = std::move(title),
                  .subtitle = concat(split.name, " split of ", split.annotation_file.string())};
  data.class_names = class_names(split.coco);
  require(!pictures || pictures.open,
          "report: the pictures are numbers, of which nothing can be shown (PictureSource::open)");
  const std::shared_ptr<const SampleSource> source = pictures ? pictures.open(split) : nullptr;
  const auto load = [&](const CocoImage& image) {
    const auto position = &image - split.coco.images.data();
    if (source) return to_rgb(source->load(position)->image);
    return load_image(split.image_files.at(static_cast<std::size_t>(position)));
  };
  data.gallery = select_gallery(split.coco, results, load, {.match = evaluation.match});
  data.evaluation = std::move(evaluation);
  return data;
}

}  // namespace amdefect
