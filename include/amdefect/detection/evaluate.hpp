#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/further_channels.hpp"
#include "amdefect/data/mapped_source.hpp"
#include "amdefect/data/picture_source.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/detection/split_membership.hpp"
#include "amdefect/metrics/detection_metrics.hpp"

namespace amdefect {

/// Called after each image with the number of images that are done and of all.
using DetectProgress = std::function<void(Index done, Index total)>;

/// Runs the detector over the images of a split; results are comparable with its annotations.
/// @throws FileError for an image that cannot be read, Error for one that `Detector::detect` refuses.
template <PixelType P>
std::vector<CocoResult> detect_split(const Detector& detector, const CocoSplit& split,
                                     const BasicSampleSource<P>& source, const DetectOptions& options,
                                     const DetectProgress& progress = {}) {
  std::vector<CocoResult> results;
  for (Index i = 0; i < source.size(); ++i) {
    const CocoImage& image = split.coco.images[static_cast<std::size_t>(i)];
    const auto sample = source.load(i);
    std::vector<Detection> found;
    try {
      found = detector.detect(pixels(sample->image), options);
    } catch (const Error& error) {
      throw Error(concat(printable(image.file_name), ": ", error.what()));
    }
    for (const Detection& detection : found) results.push_back(to_coco(detection, image.id, detector.labels()));
    if (progress) progress(i + 1, source.size());
  }
  return results;
}

/// The same for the image files of a split, with 8 or 16 bits as they have, and what lies beside them.
inline std::vector<CocoResult> detect_files(const Detector& detector, const CocoSplit& split,
                                            const FurtherChannels& further, const DetectOptions& options,
                                            const DetectProgress& progress = {}) {
  const auto detect = [&](const auto& source) { return detect_split(detector, split, source, options, progress); };
  if (further.reader)
    return detect(*with_means(std::make_shared<const SensorSource>(split, further.reader),
                              detector.traits().pixel_scaling, detector.channels()));
  const CocoSourceOptions files{.extra_image_folders = further.folders};
  return has_16_bit_images(split) ? detect(BasicCocoSource<std::uint16_t>(split, files))
                                  : detect(CocoSource(split, files));
}

/// How `evaluate` looks at a split.
struct EvaluateOptions {
  DetectOptions detect{.min_score = default_min_score};
  /// Of precision, recall, F1 and the confusion matrix; not given: the detector's own.
  std::optional<double> score_threshold{};
  std::vector<Index> max_dets{1, 10, 100};         ///< limits per image and category of COCO's figures
  std::vector<std::string> extra_image_folders{};  ///< see `further_channels`
  PictureSource pictures{};                        ///< where they are no image files
  DetectProgress progress{};
};

/// What a detector finds in a split, and how good that is.
struct DetectorEvaluation {
  std::string split;  ///< its name
  std::vector<CocoResult> results;
  DetectionMetrics metrics;
  std::vector<std::string> trained_on{};  ///< its images that the detector was trained on (`Detector::images`)

  /// One line for a split with images that the detector was trained on; empty for others.
  std::string warning() const {
    if (trained_on.empty()) return "";
    return concat("the detector was trained on ", trained_on.size(), " of the ", metrics.images, " images of the ",
                  split, " split (", printable(trained_on[0]), trained_on.size() > 1 ? ", ..." : "",
                  "): the figures are better than for new images");
  }
};

/// Throws an Error unless the categories of the split are those that the detector was trained with.
inline void require_same_categories(const Detector& detector, const CocoSplit& split) {
  const DetectorLabels& labels = detector.labels();
  std::string expected, actual;
  for (std::size_t i = 0; i < labels.category_ids.size(); ++i)
    expected += concat(i > 0 ? ", " : "", labels.category_ids[i], ' ', labels.class_names[i]);
  for (const CocoCategory& category : split.coco.categories)
    actual += concat(actual.empty() ? "" : ", ", category.id, ' ', category.name);
  require(actual == expected, "evaluate: the categories of ", split.annotation_file.string(), " are (", actual,
          "), expected those that the model was trained with (", expected, ")");
}

/// Measures a detector on a split of a data set, whose images are read one after the other, with 8 or 16
/// bits as they have. `DetectorEvaluation::warning` tells of images that it was trained on.
/// @throws Error for a split of other categories or without annotations, for pictures or folders of other channels than
/// the detector was trained with, and what `detect_split` throws.
inline DetectorEvaluation evaluate(const Detector& detector, const CocoSplit& split,
                                   const EvaluateOptions& options = {}) {
  detector.check_options(options.detect);
  require_same_categories(detector, split);
  require(!split.coco.annotations.empty(), "evaluate: the ", split.name, " split of ", split.annotation_file.string(),
          " has no annotations: there is nothing to evaluate against");
  const PictureSource& pictures = options.pictures;
  FurtherChannels further;
  if (pictures) {
    require_same_channels(detector, pictures.channels, pictures.channel_names,
                          pictures.open_numbers && pictures.own_numbers);
    require(options.extra_image_folders.empty(),
            "evaluate: extra_image_folders is given beside pictures of other sources, which have all channels");
  } else {
    further = further_channels(detector.traits().sensors, options.extra_image_folders);
  }
  const auto detect = [&](const auto& source) {
    return detect_split(detector, split, source, options.detect, options.progress);
  };
  CocoEvalOptions coco;
  coco.max_dets = options.max_dets;
  DetectorEvaluation evaluation{
      split.name,
      pictures.open_numbers
          ? detect(*with_means(pictures.open_numbers(split), detector.traits().pixel_scaling, detector.channels()))
      : pictures ? detect(*pictures.open(split))
                 : detect_files(detector, split, further, options.detect, options.progress),
      {}};
  const double threshold = options.score_threshold.value_or(detector.score_threshold());
  evaluation.metrics = measure_detections(split.coco, evaluation.results, {.score_threshold = threshold}, coco);
  evaluation.trained_on = trained_images(split, detector.images());
  return evaluation;
}

/// What was looked at, and the text of the metrics.
inline std::string to_text(const DetectorEvaluation& evaluation) {
  const DetectionMetrics& metrics = evaluation.metrics;
  return concat(evaluation.split, " split: ", quantity(metrics.images, "image"), ", ",
                quantity(metrics.truths, "object"), ", ", quantity(metrics.detections, "detection"), '\n',
                evaluation.trained_on.empty() ? "" : "warning: ", evaluation.warning(),
                evaluation.trained_on.empty() ? "\n" : "\n\n", to_text(metrics));
}

}  // namespace amdefect
