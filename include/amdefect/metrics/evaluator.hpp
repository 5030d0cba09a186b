#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "amdefect/boxes/detection.hpp"
#include "amdefect/boxes/labelled_box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/average_precision.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_eval.hpp"

namespace amdefect {

/// Collects ground truths and detections image by image, e.g. of a validation set during training, and evaluates them.
class DetectionEvaluator {
 public:
  explicit DetectionEvaluator(Index classes) {
    for (Index label = 0; label < classes; ++label) dataset_.categories.push_back({label, std::to_string(label), ""});
  }

  /// Adds the next image; boxes in any unit, the same for all. `crowds` are groups of objects, see CocoAnnotation. A
  /// detected box with its corners the wrong way round counts as empty. @throws Error for a label that is not a class.
  void add(std::span<const LabelledBox> truths, std::span<const Detection> detections,
           std::span<const LabelledBox> crowds = {}) {
    const Index image = images();
    for (const LabelledBox& truth : truths) require_label(truth.label, image);
    for (const LabelledBox& crowd : crowds) require_label(crowd.label, image);
    for (const Detection& detection : detections) require_label(detection.label, image);
    dataset_.images.push_back({image, "", 0, 0});
    for (const LabelledBox& truth : truths) add_truth(image, truth, false);
    for (const LabelledBox& crowd : crowds) add_truth(image, crowd, true);
    for (const Detection& detection : detections) {
      CocoBox box = to_coco(detection.box);
      if (box.width < 0) box.width = 0;
      if (box.height < 0) box.height = 0;
      results_.push_back({image, detection.label, box, detection.score});
    }
  }

  /// Forgets all images.
  void clear() {
    dataset_.images.clear();
    dataset_.annotations.clear();
    results_.clear();
  }

  Index images() const { return static_cast<Index>(dataset_.images.size()); }
  /// What was collected, with labels as category ids and images numbered from 0, for any other metric.
  const CocoDataset& dataset() const { return dataset_; }
  const std::vector<CocoResult>& results() const { return results_; }

  CocoEvaluation evaluate(const CocoEvalOptions& options = {}) const {
    return evaluate_coco(dataset_, results_, options);
  }

  /// AP at one IoU with at most 300 detections per image and class; 0 without ground truths.
  double average_precision(double iou) const { return amdefect::average_precision(dataset_, results_, iou); }

  /// COCO's AP50 with at most 100 detections per image and class; -1 without ground truths.
  double map50(int threads = 0) const {
    CocoEvalOptions options;
    options.iou_thresholds = {0.5};
    options.area_ranges.resize(1);
    options.threads = threads;
    return evaluate(options).map_last_max_dets;
  }

 private:
  void add_truth(Index image, const LabelledBox& truth, bool crowd) {
    const auto id = static_cast<std::int64_t>(dataset_.annotations.size()) + 1;  // not 0, see fix_known_bugs
    dataset_.annotations.push_back({id, image, truth.label, to_coco(truth.box), truth.box.area(), crowd, false});
  }
  void require_label(Index label, Index image) const {
    const auto classes = static_cast<Index>(dataset_.categories.size());
    require(label >= 0 && label < classes, "evaluator: image ", image, " has an object of class ", label,
            ", expected 0 to ", classes - 1);
  }

  CocoDataset dataset_;
  std::vector<CocoResult> results_;
};

}  // namespace amdefect
