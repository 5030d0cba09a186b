#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/tensor.hpp"
#include "amdefect/detection/nms.hpp"

namespace amdefect {

/// What the detections of a detector mean.
struct DetectorLabels {
  std::vector<std::string> class_names;
  std::vector<std::int64_t> category_ids;  ///< of the data set it was trained on, by label
  /// What was added to the boxes of that data set (0.5 where they were pixel indices): subtract it from detections to
  /// compare them with its annotations.
  double box_offset = 0;

  friend bool operator==(const DetectorLabels&, const DetectorLabels&) = default;
};

struct DetectOptions {
  /// Lowest score; not given: the detector's own threshold, which balances false alarms against misses.
  std::optional<double> min_score = std::nullopt;
  double nms_iou = 0.5;        ///< of two boxes of one class that overlap more, the lesser is dropped
  Index max_detections = 300;  ///< the best ones
  /// A larger image is searched in pieces of this size, so that memory stays bounded; they overlap by `overlap` pixels,
  /// and objects larger than that may be cut at their seams. 0: always as a whole.
  Index tile = 1536, overlap = 256;
};

/// Finds objects in images.
class Detector {
 public:
  virtual ~Detector() = default;

  /// The objects in an image [height, width, channels] of any size, best first, in pixels (a pixel covers [i, i + 1)).
  /// Several threads may call this at once. @throws ShapeError for an empty image or another number of channels.
  virtual std::vector<Detection> detect(TensorView<const std::uint8_t> image,
                                        const DetectOptions& options = {}) const = 0;

  const DetectorLabels& labels() const { return labels_; }
  /// Channels an image must have.
  Index channels() const { return channels_; }
  /// Lowest score of a detection worth showing.
  double score_threshold() const { return score_threshold_; }

 protected:
  Detector(DetectorLabels labels, Index channels, double score_threshold)
      : labels_(std::move(labels)), channels_(channels), score_threshold_(score_threshold) {}

  /// @throws ShapeError unless the image is one for this detector.
  void require_image(TensorView<const std::uint8_t> image) const {
    require<ShapeError>(image.rank() == 3 && image.size() > 0 && image.dim(2) == channels_,
                        "detector: expected an image [height, width, ", channels_, "], got ", image.shape());
  }

  /// What is left of all candidates: see DetectOptions.
  std::vector<Detection> select(std::vector<Detection> found, const DetectOptions& options) const {
    found = non_maximum_suppression(std::move(found), options.min_score.value_or(score_threshold_), options.nms_iou);
    if (static_cast<Index>(found.size()) > options.max_detections)
      found.resize(static_cast<std::size_t>(options.max_detections));
    return found;
  }

 private:
  DetectorLabels labels_;
  Index channels_;
  double score_threshold_;
};

}  // namespace amdefect
