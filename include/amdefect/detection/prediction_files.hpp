#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/io/csv.hpp"

namespace amdefect {

/// The lists of what was found in many images, for programs. They are written image by image, so that any number of
/// images fits, and appear under their names with `commit`:
/// - detections.json, a COCO results file, in the coordinates of the annotations the detector was trained on;
/// - images.json, a COCO annotation file without annotations: the name and size of each image id, the categories;
/// - detections.csv, a line per object with the corners of its box in pixels of the image.
class PredictionFiles {
 public:
  /// @throws FileError if the files cannot be created in that folder.
  PredictionFiles(const std::filesystem::path& folder, const DetectorLabels& labels)
      : labels_(labels),
        results_(folder / "detections.json"),
        images_file_(folder / "images.json"),
        images_(images_file_),
        csv_(folder / "detections.csv") {
    images_file_.write("{\"images\": ");
    csv_.write(csv_line({"file", "label", "class", "score", "x1", "y1", "x2", "y2"}));
  }

  /// Adds an image, the name of its file in UTF-8, and what was found in it. @throws FileError
  void add(const CocoImage& image, const std::vector<Detection>& found) {
    images_.add(detail::to_json(image));
    std::string lines;
    for (const Detection& detection : found) {
      results_.add(to_coco(detection, image.id, labels_));
      const Box& box = detection.box;
      lines += csv_line({image.file_name, concat(detection.label),
                         labels_.class_names.at(static_cast<std::size_t>(detection.label)),
                         shortest_number(detection.score), shortest_number(box.x1), shortest_number(box.y1),
                         shortest_number(box.x2), shortest_number(box.y2)});
    }
    csv_.write(lines);
  }

  /// Completes the files. @throws FileError
  void commit() {
    images_.finish();
    images_file_.write(",\n\"categories\": ");
    detail::write_json_list(images_file_, labels_.class_names.size(), [&](std::size_t i) {
      return detail::to_json(CocoCategory{labels_.category_ids.at(i), labels_.class_names[i], ""});
    });
    images_file_.write(",\n\"annotations\": []}\n");
    images_file_.commit();
    csv_.commit();
    results_.commit();
  }

 private:
  DetectorLabels labels_;
  CocoResultsFile results_;
  AtomicFile images_file_;
  detail::JsonList images_;
  AtomicFile csv_;
};

}  // namespace amdefect
