#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/data/balanced_sampler.hpp"
#include "amdefect/data/crop_dataset.hpp"
#include "amdefect/data/zoomed_source.hpp"
#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/detection/evaluate.hpp"
#include "amdefect/detection/split_membership.hpp"
#include "amdefect/detection/training/best_weights.hpp"
#include "amdefect/detection/training/detector_trainer_options.hpp"
#include "amdefect/detection/training/measure_map.hpp"
#include "amdefect/detection/training/pretrained.hpp"
#include "amdefect/detection/training/resumed_run.hpp"
#include "amdefect/detection/training/run_identity.hpp"
#include "amdefect/detection/training/training_splits.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/optim/warmup_cosine.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/callbacks/time_budget.hpp"
#include "amdefect/train/callbacks/weight_average.hpp"
#include "amdefect/train/scaled_rate.hpp"

namespace amdefect {

/// Trains an anchor-free detector on a COCO data set:
///
///     const CocoSplits splits = read_coco_splits("dataset");
///     DetectorTrainer trainer(splits, suggest_options(splits));
///     trainer.add(Progress{std::cout});
///     const std::unique_ptr<Detector> detector = trainer.fit();
///
/// What detects is a moving average of the weights, as it was after the best epoch; on the validation split, if there
/// is one, the score threshold with the best F1 is measured. With the same options and seed the weights are the same,
/// bit by bit, unless the time is limited (`minutes`). Prints nothing itself.
class DetectorTrainer {
 public:
  /// A validation split without boxes is not used; `monitor` is then loss. The output folder is this training's from
  /// here to the end of `fit`.
  /// @throws Error for options without meaning, or data from which there is nothing to learn, FileError for an output
  /// folder that is in use or holds another run (see `RunFolder`).
  DetectorTrainer(CocoSplits splits, DetectorTrainerOptions options)
      : splits_(usable_splits(std::move(splits))), options_(std::move(options)) {
    if (!splits_.valid && options_.monitor == "mAP50") {
      log("warning: there is no validation split with boxes in it; watching the training loss");
      options_.monitor = "loss";
    }
    check(options_);
    if (options_.group && options_.group->size() == 1) options_.group = nullptr;
    if (!options_.output_folder.empty() && leads())
      folder_.emplace(options_.output_folder, training_run,
                      earlier_run(options_.output_folder, options_.resume, options_.overwrite));
    options_.loss.threads = options_.execution.threads;
    identity_ = run_identity(options_.identity.is_null() ? identity_of(options_) : options_.identity, splits_,
                             options_.pixel_bits, options_.zoom);
    add_pictures(identity_, options_);
    description_.labels = labels_of(train(), options_.box_offset);
    description_.model = options_.model;
    description_.model.channels =
        options_.pictures ? options_.pictures.channels : 3 + static_cast<Index>(options_.extra_image_folders.size());
    description_.model.classes = static_cast<Index>(description_.labels.class_names.size());
    description_.score_threshold = options_.score_threshold;
    description_.pixel_scaling = options_.pixel_scaling;
    description_.zoom = options_.zoom;
    description_.flip_test = options_.flip_test.value_or(false);
    const auto scalings = static_cast<Index>(options_.pixel_scaling.channel_offsets.size());
    require(scalings == 0 || scalings == description_.model.channels, "detector trainer: pixel_scaling has ", scalings,
            " channels, the images have ", description_.model.channels);
    description_.sensors = sensor_traits();
    check(dropout(), description_.model.channels);
    check(description_.sensors);
  }

  DetectorTrainer(const DetectorTrainer&) = delete;
  DetectorTrainer& operator=(const DetectorTrainer&) = delete;

  /// Callbacks run in the order in which they are added, after the epoch was measured and before a checkpoint is
  /// written. They stay as long as the trainer.
  template <std::derived_from<Callback<float>> Added>
  Added& add(std::unique_ptr<Added> callback) {
    Added& added = *callback;
    callbacks_.push_back(std::move(callback));
    return added;
  }
  /// The same for a callback that moves in; returns the trainer, so that calls chain.
  template <class Added>
  requires std::derived_from<Added, Callback<float>> DetectorTrainer& add(Added&& callback) {
    add(std::make_unique<Added>(std::forward<Added>(callback)));
    return *this;
  }

  /// Trains and returns the detector with the best weights; after an interruption (`interrupted`) with the present
  /// ones. Call once. @throws FileError for an image, a checkpoint or weights that cannot be read or do not fit, Error
  /// if the loss is no longer finite.
  std::unique_ptr<Detector> fit() {
    require(trainer_ == nullptr, "detector trainer: fit was called before");
    std::optional<SafetensorsFile> checkpoint;
    if (!options_.resume.empty()) {
      checkpoint = read_safetensors(options_.resume);
      require_same_run(*checkpoint, identity_, splits_);
    }
    images_ = std::make_shared<const ImageMembership>(membership_of(splits_));
    if (checkpoint) require_same_images(*checkpoint, *images_, splits_);
    make_trainer();
    const std::unique_ptr<Dataset<float>> training = numbers()                   ? training_set<float>()
                                                     : options_.pixel_bits == 16 ? training_set<std::uint16_t>()
                                                                                 : training_set<std::uint8_t>();
    add_callbacks();
    if (checkpoint) resume_run(*trainer_, *checkpoint, [this](const std::string& line) { log(line); });
    checkpoint.reset();
    if (options_.group) options_.group->barrier();  // all have read what the first one may replace
    if (folder_) folder_->begin();
    const std::filesystem::path& folder = options_.output_folder;
    log(concat("training on ", quantity(train().size(), "image"), " (", training->size(), " crops per epoch)",
               splits_.valid ? concat(", validating on ", splits_.valid->size()) : "", "; ",
               quantity(description_.model.classes, "class", "classes"),
               folder.empty() ? "" : concat("; results go to ", folder.string())));
    trainer_->fit(*training, nullptr);
    if (!interrupted()) {
      if (leads()) finish();
      if (options_.group) share_detector();
    }
    folder_.reset();
    return detector();
  }

  /// Whether the training was ended by `Trainer::interrupt`, e.g. by a callback or a signal handler.
  bool interrupted() const { return trainer_ && trainer_->interrupted(); }
  /// Finished epochs; empty before `fit`.
  const std::vector<EpochLog>& history() const {
    static const std::vector<EpochLog> none;
    return trainer_ ? trainer_->history() : none;
  }
  /// Epoch with the best value of the monitor, counted from 1; 0 if none was measured.
  Index best_epoch() const { return stopping_ ? stopping_->best_epoch() : 0; }
  double best() const { return stopping_ ? stopping_->best() : 0; }
  /// The detector on the validation split, if there is one, at its score threshold. Of several processes the first one
  /// has it.
  const std::optional<DetectorEvaluation>& validation() const { return validation_; }
  const AnchorFreeDescription& description() const { return description_; }
  const DetectorTrainerOptions& options() const { return options_; }

 private:
  const CocoSplit& train() const { return *splits_.train; }
  bool leads() const { return !options_.group || options_.group->rank() == 0; }
  Index processes() const { return options_.group ? options_.group->size() : 1; }
  bool by_time() const { return options_.epochs == 0; }
  bool higher_is_better() const { return options_.monitor == "mAP50"; }
  std::filesystem::path best_file() const { return options_.output_folder / "best.safetensors"; }
  void log(const std::string& line) const {
    if (options_.log && leads()) options_.log(line);
  }
  Index crops_per_epoch() const {
    if (options_.crops_per_epoch > 0) return options_.crops_per_epoch;
    const Index crops = std::max<Index>(512, train().size());
    return by_time() ? std::min<Index>(crops, 2048) : crops;  // evaluated often enough
  }
  /// Whether pictures are the numbers that sensors measure, which augmentation sees as grey levels.
  bool numbers() const { return static_cast<bool>(options_.pictures.open_numbers); }
  SensorTraits sensor_traits() const {
    const PictureSource& pictures = options_.pictures;
    SensorTraits traits{pictures.channel_names, numbers() && pictures.own_numbers, options_.channel_dropout,
                        pictures.camera_places};
    if (pictures || options_.extra_image_folders.empty()) return traits;
    traits.channel_names = names_with_rgb(options_.extra_image_folders);
    return traits;
  }
  ChannelDropout dropout() const {
    if (options_.pictures)
      return {options_.channel_dropout, options_.pictures.sensors, options_.pictures.never_missing};
    return {options_.channel_dropout, sensors_with_rgb(options_.extra_image_folders.size()), 1};
  }
  /// `training`: as augmentation wants them.
  template <PixelType P>
  std::shared_ptr<const BasicSampleSource<P>> source_of(const CocoSplit& split, bool training = false) const {
    const double zoom = training ? options_.zoom : 1;
    std::shared_ptr<const BasicSampleSource<P>> files;
    if constexpr (std::same_as<P, float>)
      files = (training ? as_levels : with_means)(options_.pictures.open_numbers(split), options_.pixel_scaling,
                                                  description_.model.channels);
    else if constexpr (std::same_as<P, std::uint8_t>)
      if (options_.pictures) files = options_.pictures.open(split);
    if constexpr (!std::same_as<P, float>)
      if (!files)
        files = std::make_shared<const BasicCocoSource<P>>(
            split,
            CocoSourceOptions{.extra_image_folders = options_.extra_image_folders, .box_offset = options_.box_offset});
    if (zoom != 1) files = std::make_shared<const BasicZoomedSource<P>>(std::move(files), zoom);
    return std::make_shared<BasicCachedSource<P>>(std::move(files), options_.cache);
  }
  SafetensorsMetadata identity_metadata() const { return {{identity_key, identity_.to_text()}}; }
  /// With the present average of the weights.
  std::unique_ptr<Detector> detector() const {
    auto made = std::make_unique<AnchorFreeDetector>(average_, description_, options_.execution);
    made->set_images(images_);
    return made;
  }

  void make_trainer() {
    const AnchorFreeModel& model = description_.model;
    network_ = std::make_shared<Network<float>>(anchor_free_network<float>(model));
    initialize_anchor_free(*network_, model, options_.seed);
    const std::filesystem::path start = options_.pretrained.value_or(suggest_pretrained(model));
    if (!options_.pretrained && start.empty() && starts_like_ready_model(model))
      log("note: starting from random weights: " + missing_ready_model("lpbf"));
    if (!start.empty()) {
      log(load_pretrained(start, model, *network_));
      warn_of_seen_images(start);
    }
    freeze_and_slow();
    average_ = std::make_shared<Network<float>>(anchor_free_network<float>(model));
    const Index update = options_.batch_size * options_.accumulate * processes();  // crops that make one
    const Index steps_per_epoch = (crops_per_epoch() + update - 1) / update;
    const Index steps = by_time() ? 0 : std::max<Index>(1, options_.epochs * steps_per_epoch);
    const double rate = options_.scale_rate ? scaled_rate(options_.learning_rate, processes()) : options_.learning_rate;
    if (options_.group)
      log(group_line(processes(), options_.batch_size * options_.accumulate, options_.learning_rate, rate));
    trainer_ = std::make_unique<Trainer<float>>(*network_, Adam<float>({.weight_decay = options_.weight_decay}),
                                                WarmupCosine(rate, {.steps = steps}),
                                                anchor_free_loss<float>(model, options_.loss),
                                                TrainerOptions{.epochs = by_time() ? unlimited_epochs : options_.epochs,
                                                               .batch_size = options_.batch_size,
                                                               .seed = options_.seed,
                                                               .clip_norm = options_.clip_norm,
                                                               .workers = options_.workers,
                                                               .monitor = options_.monitor,
                                                               .execution = options_.execution,
                                                               .accumulate = options_.accumulate,
                                                               .on_nonfinite = options_.on_nonfinite,
                                                               .group = options_.group,
                                                               .sync_batch_norm = options_.sync_batch_norm});
  }

  /// Says where the detector that it starts from was trained on images that this one is judged by.
  void warn_of_seen_images(const std::filesystem::path& start) const {
    const ImageMembership learned = images_of_start(start);
    for (const auto& [split, images] : {std::pair(&splits_.valid, &images_->valid), {&splits_.test, &images_->test}})
      if (std::any_of(images->begin(), images->end(),
                      [&](std::uint64_t checksum) { return learned.split_of(checksum) == "train"; }))
        log("warning: " + seen_warning(start, **split));
  }

  /// Weights that stay as they are, and those of a backbone that learn more slowly.
  void freeze_and_slow() {
    Parameters<float>& parameters = network_->parameters();
    for (const std::string& prefix : options_.freeze) parameters.set_trainable(prefix, false);
    const std::string& backbone = description_.model.backbone;
    if (backbone.empty()) return;
    for (const std::string& name : stage_parameters(backbone, options_.frozen_stages)) parameters.freeze(name);
    if (options_.frozen_norms)
      for (const auto& node : network_->nodes())
        if (node.operation && node.operation->kind() == BatchNorm<float>().kind() &&
            node.name.starts_with(backbone_prefix))
          parameters.set_trainable(node.name + ".", false);
    if (options_.backbone_rate != 1) parameters.set_rate(backbone_prefix, options_.backbone_rate);
  }

  template <PixelType P>
  std::unique_ptr<Dataset<float>> training_set() const {
    const AnchorFreeModel& model = description_.model;
    const Index images = train().size(), multiple = model.largest_stride();
    CropDatasetOptions crops{
        .channels = model.channels,
        .samples = crops_per_epoch(),
        .slots = (options_.slots + (options_.copy_paste > 0 ? most_pasted : 0)) * (options_.mixup > 0 ? 2 : 1),
        .mosaic = options_.mosaic,
        .copy_paste = options_.copy_paste,
        .mixup = options_.mixup,
        .random_erasing = options_.random_erasing,
        .augment = options_.augment,
        .pixel_scaling = numbers() ? PixelScaling{} : options_.pixel_scaling,
        .dropout = dropout()};
    crops.crop.fill = crops.pixel_scaling.offset;
    crops.crop.height = crops.crop.width = (options_.crop_side + multiple - 1) / multiple * multiple;
    log(concat("reading ", quantity(images, "image"), options_.zoom == 1 ? "" : concat(", zoomed by ", options_.zoom),
               "; crops of ", crops.crop.height, " x ", crops.crop.width, " pixels, ",
               quantity(model.levels, "level")));
    const std::shared_ptr<const BasicSampleSource<P>> source = source_of<P>(train(), true);
    std::vector<BalancedSampler::Groups> groupings;
    if (options_.balance_styles) {
      groupings.push_back(group_by_style(*source));
      log(concat("styles: ", groupings[0][0].size(), " smooth images and ", groupings[0][1].size(),
                 " rough ones; the fewer are shown more often"));
    }
    if (options_.balance_classes) groupings.push_back(group_by_class(*source, model.classes));
    return std::make_unique<CropDataset<float, P>>(source, BalancedSampler(images, std::move(groupings)), crops);
  }

  template <PixelType P>
  void measure_map() {
    trainer_->add(std::make_unique<BasicMeasureMap<P>>([this] { return detector(); }, source_of<P>(*splits_.valid),
                                                       options_.eval_interval));
  }

  /// Those that measure come first, those that save last.
  void add_callbacks() {
    trainer_->add(std::make_unique<WeightAverage<float>>(average_, options_.average_decay));
    if (by_time()) trainer_->add(std::make_unique<TimeBudget<float>>(60 * options_.minutes));
    if (splits_.valid && options_.eval_interval > 0) {
      if (numbers())
        measure_map<float>();
      else if (options_.pixel_bits == 16)
        measure_map<std::uint16_t>();
      else
        measure_map<std::uint8_t>();
    }
    for (auto& callback : callbacks_) trainer_->add(std::move(callback));
    stopping_ = &trainer_->add(std::make_unique<EarlyStopping<float>>(
        EarlyStoppingOptions{.monitor = options_.monitor,
                             .higher_is_better = higher_is_better(),
                             .patience = options_.patience > 0 ? options_.patience : std::numeric_limits<Index>::max(),
                             .restore_best_weights = false}));
    if (options_.output_folder.empty()) {
      trainer_->add(std::make_unique<BestWeights>(average_, options_.monitor, higher_is_better()));
      return;
    }
    trainer_->add(std::make_unique<Checkpoint<float>>(
        CheckpointOptions{.best = best_file(),
                          .last = options_.output_folder / "last.safetensors",
                          .monitor = options_.monitor,
                          .higher_is_better = higher_is_better(),
                          .metadata = detector()->file_metadata(identity_metadata())},
        average_, [this](const Network<float>& network) {
          const std::shared_ptr<const Network<float>> borrowed(std::shared_ptr<void>(), &network);
          return AnchorFreeDetector(borrowed, description_, options_.execution).self_test_metadata();
        }));
  }

  /// The best weights, and the score threshold that suits them.
  void finish() {
    const bool saved = !options_.output_folder.empty();
    if (saved) load_weights(best_file(), average_->parameters());
    if (!splits_.valid) return;
    validation_ = validate();
    if (!options_.flip_test) choose_flip_test();
    if (!validation_->trained_on.empty()) log("warning: " + validation_->warning());
    description_.score_threshold =
        validation_->metrics.curves.all.best_threshold().value_or(description_.score_threshold);
    validation_->metrics = measure_detections(splits_.valid->coco, validation_->results,
                                              {.score_threshold = description_.score_threshold});
    if (saved) detector()->save(best_file(), identity_metadata());
  }

  /// What `finish` made in the first process goes to all.
  void share_detector() {
    const TensorView<float> values = average_->parameters().values();
    options_.group->broadcast(std::as_writable_bytes(std::span(values.data(), static_cast<std::size_t>(values.size()))),
                              0);
    description_.score_threshold = share(*options_.group, description_.score_threshold);
    description_.flip_test = share(*options_.group, description_.flip_test ? 1.0 : 0.0) != 0;
  }

  DetectorEvaluation validate() const {
    return evaluate(*detector(), *splits_.valid,
                    {.extra_image_folders = options_.extra_image_folders, .pictures = options_.pictures});
  }

  /// Lets the detector look at mirror images if that is worth its time on the validation split.
  void choose_flip_test() {
    description_.flip_test = true;
    DetectorEvaluation flipped = validate();
    const double before = validation_->metrics.ap50, after = flipped.metrics.ap50;
    description_.flip_test = after >= before + worthwhile_flip_gain;
    log(concat("with mirror images AP50 is ", rounded_number(after, 3), " instead of ", rounded_number(before, 3),
               description_.flip_test
                   ? ": the detector looks at them, too, and takes four times as long (--no_flip_test: "
                     "it does not)"
                   : ": not worth four times the time of an image"));
    if (description_.flip_test) validation_ = std::move(flipped);
  }

  CocoSplits splits_;
  DetectorTrainerOptions options_;
  JsonValue identity_;
  std::optional<RunFolder> folder_;
  std::shared_ptr<const ImageMembership> images_;
  AnchorFreeDescription description_;
  std::vector<std::unique_ptr<Callback<float>>> callbacks_;
  std::shared_ptr<Network<float>> network_, average_;
  std::unique_ptr<Trainer<float>> trainer_;
  EarlyStopping<float>* stopping_ = nullptr;
  std::optional<DetectorEvaluation> validation_;
};

}  // namespace amdefect
