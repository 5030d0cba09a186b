#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/boxes/nms.hpp"
#include "amdefect/boxes/soft_nms.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/detection/image_membership.hpp"
#include "amdefect/image/pixel_scaling.hpp"
#include "amdefect/io/json_value.hpp"
#include "amdefect/io/safetensors.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/nn/self_test.hpp"
#include "amdefect/sensors/sensor_traits.hpp"

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

/// In pixels: more cannot be an offset between ways to count them.
inline constexpr double largest_box_offset = 1000;

/// A detection as COCO writes it, in the coordinates of the annotations that the detector was trained on.
inline CocoResult to_coco(const Detection& detection, std::int64_t image_id, const DetectorLabels& labels) {
  CocoResult result = to_coco(detection, image_id, labels.category_ids);
  result.box.x -= labels.box_offset;
  result.box.y -= labels.box_offset;
  return result;
}

/// Lowest score of a detection that takes part in the ranking for AP.
inline constexpr double default_min_score = 0.01;

struct DetectOptions {
  /// Lowest score; not given: the detector's own threshold, which balances false alarms against misses.
  std::optional<double> min_score = std::nullopt;
  double nms_iou = 0.5;  ///< of two boxes of one class that overlap more, the lesser is dropped
  /// If above 0, boxes that overlap a better one of their class are not dropped, but their scores fall:
  /// `soft_non_maximum_suppression` instead of `nms_iou`. 0.5 is the value of its paper.
  double soft_nms_sigma = 0;
  Index max_detections = 300;  ///< the best ones
  /// Look at the mirror images of the image, too (left to right, top to bottom, both), and average what is seen. Takes
  /// four times as long. Not given: as the detector's file says, see `DetectorTrainerOptions::flip_test`.
  std::optional<bool> flip_test = std::nullopt;
  /// An image that is larger, as the network sees it, is searched in pieces of this size, so that memory stays bounded;
  /// they overlap by `overlap` pixels, and objects larger than that may be cut at their seams. 0: always as a whole.
  Index tile = 1536, overlap = 256;
};

/// Key of a detector's description in the metadata of its file.
inline constexpr const char* description_key = "amdefect";
/// The version of descriptions that is written. Version 1, of which files say nothing, lacks `pixel_scaling`.
inline constexpr int description_format = 2;

/// What is known of every detector.
struct DetectorTraits {
  DetectorLabels labels{};
  Index channels = 3;            ///< that an image must have
  double score_threshold = 0.5;  ///< lowest score of a detection worth showing
  PixelScaling pixel_scaling{};  ///< of what a network sees
  SensorTraits sensors{};        ///< whose channels these are

  friend bool operator==(const DetectorTraits&, const DetectorTraits&) = default;
};

/// An image [side, side, channels] of grey levels that look like noise, the same on every machine.
inline Tensor<std::uint8_t> self_test_image(Index side, Index channels) {
  Tensor<std::uint8_t> image({side, side, channels});
  std::uint32_t state = 0;
  for (std::uint8_t& value : image.span()) value = static_cast<std::uint8_t>(self_test_number(state));
  return image;
}

/// Finds objects in images. A kind of your own implements `detect`, and, to be saved and opened again, `architecture`,
/// `settings`, `weights` and perhaps `self_test`; see `RegisterDetector`.
class Detector {
 public:
  virtual ~Detector() = default;

  /// The objects in an image [height, width, channels] of any size, best first, in pixels (a pixel covers [i, i + 1)).
  /// Several threads may call this at once. @throws ShapeError for an empty image or another number of channels, Error
  /// for a pixel that is not finite, and what `check_options` throws.
  virtual std::vector<Detection> detect(const PixelView& image, const DetectOptions& options = {}) const = 0;

  /// Throws an Error that names the option without meaning, or that this detector does not have.
  virtual void check_options(const DetectOptions& options) const {
    const auto between = [](const char* name, double value, double least, double most) {
      require(value >= least && value <= most, "detect: ", name, " is ", value, ", expected ", least, " to ", most);
    };
    const auto large = static_cast<double>(std::numeric_limits<std::int32_t>::max());
    between("min_score", options.min_score.value_or(0), 0, 1);
    between("nms_iou", options.nms_iou, 0, 1);
    between("soft_nms_sigma", options.soft_nms_sigma, 0, large);
    between("max_detections", static_cast<double>(options.max_detections), 0, large);
  }

  const DetectorTraits& traits() const { return traits_; }
  const DetectorLabels& labels() const { return traits_.labels; }
  /// Channels an image must have.
  Index channels() const { return traits_.channels; }
  /// Lowest score of a detection worth showing.
  double score_threshold() const { return traits_.score_threshold; }
  /// The images that it was trained, validated and tested with; empty where nobody knows.
  const ImageMembership& images() const {
    static const ImageMembership unknown;
    return images_ ? *images_ : unknown;
  }
  /// From now on, files of this detector say so.
  void set_images(std::shared_ptr<const ImageMembership> images) { images_ = std::move(images); }

  /// Writes all that `open_detector` needs, and more metadata if there is any. @throws FileError if the file cannot be
  /// written, Error for a kind that has no name in files.
  void save(const std::filesystem::path& path, const SafetensorsMetadata& metadata = {}) const {
    SafetensorsMetadata all = file_metadata(metadata);
    all.merge(self_test_metadata());
    write_safetensors(path, weights(), all);
  }
  /// What `save` writes besides the weights and what is computed of them: `metadata`, the description, and the images.
  SafetensorsMetadata file_metadata(SafetensorsMetadata metadata = {}) const {
    metadata[description_key] = description().to_text();
    if (!images().empty()) metadata[images_key] = to_text(images());
    return metadata;
  }
  /// What this detector computes of a small image made by a formula (`self_test_image`), for `open_detector` to compare
  /// where a file of it is opened; empty for kinds that have no such test.
  virtual SelfTest self_test() const { return {}; }
  /// As metadata of a file; none where a number is not finite, which no other build could be compared with.
  SafetensorsMetadata self_test_metadata() const {
    const SelfTest test = self_test();
    for (const SelfTestOutput& output : test)
      for (const double number : output.numbers)
        if (!std::isfinite(number)) return {};
    return test.empty() ? SafetensorsMetadata{} : SafetensorsMetadata{{self_test_key, to_text(test)}};
  }
  /// What a file tells of this detector besides its weights.
  JsonValue description() const {
    require(!architecture().empty(), "detector: this kind of detector has no name (architecture) to be saved by");
    JsonValue json{{"format", description_format},
                   {"architecture", architecture()},
                   {"channels", channels()},
                   {"class_names", JsonValue::array(labels().class_names)},
                   {"category_ids", JsonValue::array(labels().category_ids)},
                   {"box_offset", labels().box_offset},
                   {"score_threshold", score_threshold()},
                   {"pixel_scaling", to_json(traits_.pixel_scaling)}};
    if (traits_.sensors != SensorTraits{}) json.set("sensors", to_json(traits_.sensors));  // as before without
    for (const auto& [key, value] : settings()) json.set(key, value);
    return json;
  }

 protected:
  explicit Detector(DetectorTraits traits) : traits_(std::move(traits)) {}

  /// The name of the kind of detector in files.
  virtual std::string architecture() const { return ""; }
  /// What this kind needs to know besides `traits`, by keys of its own.
  virtual JsonValue::Object settings() const { return {}; }
  /// The tensors of the file; their elements are borrowed.
  virtual std::vector<TensorEntry> weights() const { return {}; }

  /// @throws ShapeError unless the image is one for this detector, Error for a pixel that is not finite, and what
  /// `check_options` throws.
  void check_input(const PixelView& image, const DetectOptions& options) const {
    image.visit([&]<class P>(TensorView<const P> view) {
      require<ShapeError>(view.rank() == 3 && !view.empty() && view.dim(2) == channels(),
                          "detector: expected an image [height, width, ", channels(), "], got ",
                          view.data() ? "" : "a null pointer for ", view.shape());
      if constexpr (std::floating_point<P>) {
        const Index bad =
            std::find_if_not(view.begin(), view.end(), [](P p) { return std::isfinite(p); }) - view.begin();
        require(bad == view.size(), "detector: the image holds a NaN or an infinity in row ",
                bad / (view.dim(1) * view.dim(2)), ", column ", bad / view.dim(2) % view.dim(1));
      }
    });
    check_options(options);
  }

  double min_score(const DetectOptions& options) const { return options.min_score.value_or(score_threshold()); }

  /// What is left of all candidates: see DetectOptions.
  std::vector<Detection> select(std::vector<Detection> found, const DetectOptions& options) const {
    if (options.soft_nms_sigma > 0)
      return soft_non_maximum_suppression(std::move(found), min_score(options), options.soft_nms_sigma,
                                          options.max_detections);
    return non_maximum_suppression(std::move(found), min_score(options), options.nms_iou, options.max_detections);
  }

 private:
  DetectorTraits traits_;
  std::shared_ptr<const ImageMembership> images_;
};

/// Throws an Error unless pictures of so many channels with these names (empty: nobody knows them) are what a detector
/// was trained with. `numbers`: see `require_channels`.
inline void require_same_channels(const Detector& detector, Index channels, const std::vector<std::string>& names,
                                  bool numbers) {
  require_channels(detector.traits().sensors, names, numbers);
  require(channels == detector.channels(), "channels: the pictures have ", channels,
          ", but the detector was trained with ", detector.channels());
}

}  // namespace amdefect
