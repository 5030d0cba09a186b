#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/execution.hpp"
#include "amdefect/data/augment.hpp"
#include "amdefect/data/channel_dropout.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/mapped_source.hpp"
#include "amdefect/data/picture_source.hpp"
#include "amdefect/data/sample_cache.hpp"
#include "amdefect/detection/anchor_free/anchor_free_loss.hpp"
#include "amdefect/detection/anchor_free/anchor_free_model.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/image/pixel_scaling.hpp"
#include "amdefect/image/zoom.hpp"
#include "amdefect/inspect/annotation_check.hpp"
#include "amdefect/io/json_value.hpp"
#include "amdefect/train/nonfinite.hpp"

namespace amdefect {

/// All that can be told to a DetectorTrainer. `suggest_options` fills in what depends on the data.
struct DetectorTrainerOptions {
  /// The network; its channels and classes are those of the data.
  AnchorFreeModel model{};

  // What the network is shown: random crops of the images, zoomed.
  double zoom = 1;            ///< how much larger the network sees the images than they are; stays with the detector
  Index crop_side = 256;      ///< in zoomed pixels; rounded up to a multiple of the model's largest stride
  Index crops_per_epoch = 0;  ///< 0: one per image, at least 512; where `minutes` count at most 2048
  Index slots = 100;          ///< objects in a crop; further ones are left out. Pasted and mixed ones come on top
  double mosaic = 0.5;        ///< share of the crops that are made of four
  double copy_paste = 0;      ///< share of the crops into which objects of other images are pasted, rare classes first
  double mixup = 0;           ///< share of the crops that are the mean of two
  double random_erasing = 0;  ///< share of the crops of which a part is erased
  AugmentOptions augment = detector_augmentation();
  bool balance_styles = true;                      ///< the fewer of smooth and rough images are shown more often
  bool balance_classes = true;                     ///< images of rare classes are shown more often
  double box_offset = 0;                           ///< added to all boxes, see CocoSourceOptions
  std::vector<std::string> extra_image_folders{};  ///< see CocoSourceOptions
  PictureSource pictures{};                        ///< where they are no image files
  PixelScaling pixel_scaling{};                    ///< what the network sees of a pixel
  int pixel_bits = 8;                              ///< with which images are read: 8 or 16
  CacheOptions cache{};                            ///< of the images as they are read
  double channel_dropout = 0;  ///< each sensor beyond the first pictures is missing so often, see ChannelDropout

  // How long, how fast.
  Index epochs = 0;     ///< 0: as many as fit into `minutes`
  double minutes = 60;  ///< where `epochs` is 0
  Index batch_size = 16;
  Index accumulate = 1;         ///< batches whose gradients make one update, see TrainerOptions
  double learning_rate = 2e-3;  ///< the highest: after a warm-up over 5 % it falls to 0 as half a cosine
  double weight_decay = 0.02;
  double clip_norm = 0;          ///< largest norm of the gradient; 0: no limit
  double average_decay = 0.995;  ///< of the moving average of the weights, which is what detects
  AnchorFreeLossOptions loss{};  ///< its `threads` are those of `execution`
  std::uint64_t seed = 0;        ///< of weights, order and augmentation
  Execution execution{};
  int workers = 1;                               ///< threads that load images ahead
  OnNonfinite on_nonfinite = OnNonfinite::stop;  ///< of a batch whose loss or gradients are not finite

  // Several processes that train together (docs/scaling.md): each with the same options and data, whose files all see.
  std::shared_ptr<ProcessGroup> group{};  ///< null, or a group of one: this process alone
  bool sync_batch_norm = false;           ///< see TrainerOptions
  bool scale_rate = true;                 ///< the learning rate grows with the number of processes: `scaled_rate`

  // What is kept.
  std::string monitor = "mAP50";  ///< value that picks the best epoch: mAP50 of the validation split, or loss
  Index eval_interval = 5;        ///< mAP50 is measured every so many epochs and after the last; 0: never
  Index patience = 0;             ///< epochs with a value of `monitor`, but no better one, before it ends; 0: never
  double score_threshold = 0.35;  ///< of the detector, where no validation split tells a better one
  /// Whether the detector looks at mirror images, too, which takes four times as long; not given: if that gains
  /// `worthwhile_flip_gain` on the validation split.
  std::optional<bool> flip_test{};

  // Files.
  /// best.safetensors and last.safetensors go there, and nobody else's (see RunFolder); empty: nothing is written.
  std::filesystem::path output_folder{};
  bool overwrite = false;  ///< replace the run that the output folder holds; else it is refused
  /// Weights to start from; empty: random ones; not given: `suggest_pretrained`'s.
  std::optional<std::filesystem::path> pretrained{};
  std::vector<std::string> freeze{};  ///< weights whose names begin so stay as they are, e.g. "stem" and "stage"
  // Of a model with a published backbone:
  Index frozen_stages = 0;    ///< of the backbone, that stay as they are: 1 is all up to stride 4, 2 up to stride 8
  bool frozen_norms = false;  ///< its batch norms stay as they are and normalise with their moving statistics
  double backbone_rate = 1;   ///< factor of the learning rate of its weights
  std::filesystem::path resume{};  ///< last.safetensors of an interrupted run to continue exactly; empty: begin
  /// JSON object of what must be the same when a run is continued; null: these options, as far as they change its
  /// course. Checksums of the annotations are added.
  JsonValue identity{};

  /// Takes a line for each step that may take a while, and warnings; empty: silence.
  std::function<void(const std::string& line)> log{};
};

/// AP50 for which four times the time of an image are spent.
inline constexpr double worthwhile_flip_gain = 0.005;

/// Throws an Error that names the option without meaning.
inline void check(const DetectorTrainerOptions& options) {
  const auto where = "detector trainer: ";
  check(options.augment);
  check(options.pixel_scaling);
  require(options.zoom >= smallest_zoom && options.zoom <= largest_zoom, where, "zoom is ", options.zoom, ", expected ",
          smallest_zoom, " to ", largest_zoom);
  require(options.pixel_bits == 8 || options.pixel_bits == 16, where, "pixel_bits is ", options.pixel_bits,
          ", expected 8 or 16");
  require(options.crop_side > 0 && options.crops_per_epoch >= 0 && options.slots > 0 && options.batch_size > 0 &&
              options.accumulate > 0,
          where, "crop_side, slots, batch_size and accumulate must be positive and crops_per_epoch not negative, got ",
          options.crop_side, ", ", options.slots, ", ", options.batch_size, ", ", options.accumulate, " and ",
          options.crops_per_epoch);
  const auto at_least_0 = [&](const char* name, double value) {
    require(std::isfinite(value) && value >= 0, where, name, " is ", value, ", expected a number of at least 0");
  };
  at_least_0("epochs", static_cast<double>(options.epochs));
  at_least_0("minutes", options.minutes);
  require(options.epochs > 0 || options.minutes > 0, where, "nothing to do: epochs is ", options.epochs,
          " and minutes is ", options.minutes);
  at_least_0("learning_rate", options.learning_rate);
  at_least_0("weight_decay", options.weight_decay);
  at_least_0("clip_norm", options.clip_norm);
  at_least_0("threads", options.execution.threads);
  at_least_0("workers", options.workers);
  at_least_0("frozen_stages", static_cast<double>(options.frozen_stages));
  at_least_0("backbone_rate", options.backbone_rate);
  require(!options.model.backbone.empty() ||
              (options.frozen_stages == 0 && !options.frozen_norms && options.backbone_rate == 1),
          where, "frozen_stages, frozen_norms and backbone_rate are for models with a backbone");
  require_probabilities(where, {{"mosaic", options.mosaic},
                                {"copy_paste", options.copy_paste},
                                {"mixup", options.mixup},
                                {"random_erasing", options.random_erasing}});
  require(options.average_decay >= 0 && options.average_decay < 1, where, "average_decay is ", options.average_decay,
          ", expected at least 0 and less than 1");
  require(std::abs(options.box_offset) <= largest_box_offset, where, "box_offset is ", options.box_offset,
          ", expected at most ", largest_box_offset, " pixels");
  require(options.eval_interval >= 0 && options.patience >= 0, where,
          "eval_interval and patience must not be negative, got ", options.eval_interval, " and ", options.patience);
  require(options.monitor == "mAP50" || options.monitor == "loss", where, "monitor is '", options.monitor,
          "', expected mAP50 or loss");
  require(options.monitor == "loss" || options.eval_interval > 0, where,
          "monitor mAP50 needs an eval_interval above 0");
  require(options.score_threshold >= 0 && options.score_threshold <= 1, where, "score_threshold is ",
          options.score_threshold, ", expected 0 to 1");
}

/// The model with so many more levels that the coarsest one sees objects of that side whole: a location sees about
/// 8 strides.
inline AnchorFreeModel suggest_levels(AnchorFreeModel model, double object_side) {
  constexpr Index most_levels = 6;
  while (model.levels < most_levels && 8 * static_cast<double>(model.largest_stride()) < object_side) ++model.levels;
  return model;
}

/// The model with edges as distributions, unless it says how many bins they have: better boxes on every kind of data
/// that was tried (docs/detector.md). 16 bins reach as far as objects that suit the model's levels.
inline AnchorFreeModel suggest_bins(AnchorFreeModel model) {
  if (model.box_bins == 1) model.box_bins = 16;
  return model;
}

/// The zoom that suits objects of which 5 % and 95 % have a longer side of at most `small_side` and `large_side`
/// pixels, in images of at most `largest_image` pixels along a side (0: unknown).
///
/// Crops show twice the large side, or the largest image, and a step takes as long as they have pixels. Where that is
/// more than 256 pixels along a side, the images may be shrunk until it is 256: the network then learns from several
/// times as many pictures in the same time. Not so far that small objects get less than 5 pixels, which the detector
/// still finds; and only if a third of the pixels or less remain, because shrinking loses detail.
inline double suggest_zoom(double small_side, double large_side, Index largest_image) {
  constexpr double enough = 256, least_object = 5, least_saving = 3;
  double wanted = 2 * large_side;
  if (largest_image > 0) wanted = std::min(wanted, static_cast<double>(largest_image));
  if (!(wanted > 0 && small_side > 0)) return 1;
  const double exact = std::max(enough / wanted, least_object / small_side);
  const double zoom = std::max(std::floor(100 * exact) / 100, smallest_zoom);  // a number to read
  return least_saving * zoom * zoom <= 1 ? zoom : 1;
}

/// The options that suit the data, of which `check` tells: 95 % of the objects have no side longer than `side(95)`.
///
/// `zoom`, if it is not given, is `suggest_zoom`'s. Crops show twice that side, so that few objects are cut (1.5 times,
/// where images are shrunk to save time), and at least 256 pixels; never more than the largest image, nor more than
/// 640, which would leave too few of them in an hour. The model gets the levels that the objects need, and edges as
/// distributions. A published backbone is shown pixels as its public weights expect them. Half a pixel is added to
/// boxes that are pixel indices, and images of 16 bits are read as such. Without boxes to validate on the loss picks
/// the best epoch.
inline DetectorTrainerOptions suggest_options(const CocoSplits& splits, const AnnotationCheck& check,
                                              const AnchorFreeModel& model = anchor_free_n(),
                                              std::optional<double> zoom = std::nullopt) {
  Index largest_image = 0;
  for (const CocoImage& image : splits.at("train").coco.images)
    largest_image = std::max({largest_image, image.height, image.width});
  if (!zoom) zoom = suggest_zoom(check.side(5), check.side(95), largest_image);
  check_zoom(*zoom);
  const double object_side = *zoom * check.side(95);
  DetectorTrainerOptions options{.model = suggest_bins(suggest_levels(model, object_side)), .zoom = *zoom};
  options.model.classes = static_cast<Index>(check.classes.size());
  if (!options.model.backbone.empty()) options.pixel_scaling = imagenet_scaling();
  options.crop_side = static_cast<Index>(std::clamp((*zoom < 1 ? 1.5 : 2) * object_side, 256.0, 640.0));
  if (largest_image > 0) options.crop_side = std::min(options.crop_side, zoomed_side(largest_image, *zoom));
  options.slots = std::max<Index>(1, 4 * check.most_boxes());  // a mosaic may show four images
  options.box_offset = check.box_offset;
  if (has_16_bit_images(splits.at("train"))) options.pixel_bits = 16;
  if (!splits.valid || !has_usable_box(*splits.valid)) options.monitor = "loss";
  return options;
}
/// The same for the annotations of the training split. @throws FileError if there is none.
inline DetectorTrainerOptions suggest_options(const CocoSplits& splits,
                                              const AnchorFreeModel& model = anchor_free_n()) {
  return suggest_options(splits, check_annotations(splits.at("train")), model);
}

/// Lets a training read its pictures from a source that is no folder of image files and need not fit into memory: they
/// are neither kept nor looked at for their style, and further channels, which may be of the same camera, stay where
/// they are.
inline void use_pictures(DetectorTrainerOptions& options, PictureSource pictures) {
  options.pictures = std::move(pictures);
  options.pixel_bits = 8;
  options.box_offset = 0;
  options.balance_styles = false;
  options.cache = {.memory_bytes = 0};
  options.augment.extra_shift = 0;
}

/// Lets the network see every channel of `options.pictures` with the mean 0 and the deviation 1 that are measured on
/// the training split. @throws Error for a channel that shows nothing, and what reading throws
inline void measure_scale(DetectorTrainerOptions& options, const CocoSplits& splits) {
  require(static_cast<bool>(options.pictures.open_numbers), "detector trainer: the pictures are no numbers of sensors");
  options.pixel_scaling =
      measure_scaling(*options.pictures.open_numbers(splits.at("train")), options.pictures.channel_names);
}

}  // namespace amdefect
