#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/detection/split_membership.hpp"
#include "amdefect/detection/training/measure_map.hpp"
#include "amdefect/detection/training/resumed_run.hpp"
#include "amdefect/io/weights_file.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/callbacks/time_budget.hpp"
#include "amdefect/train/scaled_rate.hpp"
#include "paper/paper_dataset.hpp"
#include "paper/paper_detector.hpp"
#include "paper/paper_loss.hpp"
#include "processes/processes.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

/// A split's images at the network's size, remembered after they were read once.
std::shared_ptr<const CachedSource> make_source(const CocoSplit& split, const TrainConfig& config) {
  auto files = std::make_shared<CocoSource>(split, source_options(config));
  if (const std::string warning = slot_warning(*files, split.name, 100); !warning.empty())
    std::cerr << "warning: " << warning << '\n';
  auto resized = std::make_shared<ResizedSource>(std::move(files), config.img_size, config.img_size, config.fit_mode());
  return std::make_shared<CachedSource>(std::move(resized), cache_options(config));
}

PaperDescription describe(const TrainConfig& config, const DetectorLabels& labels) {
  return {.img_size = config.img_size,
          .channels = 3 + static_cast<Index>(config.extra_image_folders.size()),
          .fit = config.fit_mode(),
          .raw_outputs = config.raw_bce,
          .labels = labels};
}

/// The trainer with the program's callbacks and early stopping, and what is done with it.
class PaperRun {
 public:
  PaperRun(const TrainConfig& config, const CocoSplits& splits, Trainer<float>& trainer)
      : config_(config), splits_(splits), trainer_(trainer), identity_(run_identity(identity_of(config), splits)) {}

  /// Those that measure something go before, the checkpoint after.
  const EarlyStopping<float>& add_callbacks() {
    add_program_callbacks(trainer_, config_);
    const Index patience = config_.early_stopping;
    return trainer_.add(std::make_unique<EarlyStopping<float>>(
        EarlyStoppingOptions{.monitor = config_.monitor,
                             .higher_is_better = higher_is_better(),
                             .patience = patience > 0 ? patience : std::numeric_limits<Index>::max(),
                             .restore_best_weights = true}));
  }
  void add_checkpoint(const Detector& detector) {
    SafetensorsMetadata model = detector.file_metadata();
    model[identity_key] = identity_.to_text();
    const std::filesystem::path output = config_.output_dir;
    trainer_.add(std::make_unique<Checkpoint<float>>(
        CheckpointOptions{.best = output / "best.safetensors",
                          .last = output / "last.safetensors",
                          .monitor = config_.monitor,
                          .higher_is_better = higher_is_better(),
                          .metadata = std::move(model)},
        nullptr, [&detector](const Network<float>&) { return detector.self_test_metadata(); }));
  }

  /// Trains on `images`, after a resume if one is asked for. False if it was interrupted.
  bool fit(std::optional<RunFolder>& folder, const Dataset<float>& training, const Dataset<float>* validation,
           const ImageMembership& images) {
    if (const std::filesystem::path from = config_.resume_file(); !from.empty()) {
      const SafetensorsFile file = read_safetensors(from);
      require_same_run(file, identity_, splits_);
      require_same_images(file, images, splits_);
      resume_run(trainer_, file, [](const std::string& line) { std::cout << line << std::endl; });
    }
    std::cout << "training on " << splits_.train->size() << " images (" << training.size() << " samples per epoch)";
    if (splits_.valid) std::cout << ", validating on " << splits_.valid->size();
    std::cout << "; " << splits_.train->coco.categories.size() << " classes; results go to " << config_.output_dir
              << std::endl;
    if (trainer_.group()) trainer_.group()->barrier();  // all have read what the first one may replace
    if (folder) folder->begin();
    trainer_.fit(training, validation);
    return !say_if_interrupted(trainer_.interrupted());
  }

  /// Evaluates the detector on the validation split, if there is one, and writes report.html.
  void report(const Detector& detector) const {
    std::optional<DetectorEvaluation> evaluation;
    if (splits_.valid)
      evaluation = evaluate(detector, *splits_.valid, {.extra_image_folders = config_.extra_image_folders});
    write_training_report(config_, splits_, trainer_.history(), evaluation);
  }

 private:
  bool higher_is_better() const { return config_.monitor == "mAP50"; }

  const TrainConfig& config_;
  const CocoSplits& splits_;
  Trainer<float>& trainer_;
  JsonValue identity_;
};

TrainerOptions trainer_options(const TrainConfig& config) {
  return {.epochs = config.minutes > 0 ? unlimited_epochs : config.epochs,
          .batch_size = config.batch_size,
          .seed = config.seed,
          .clip_norm = config.clip_norm,
          .workers = config.workers,
          .monitor = config.monitor,
          .execution = {.threads = config.threads, .recompute = recompute_of(config.recompute)},
          .on_nonfinite = config.nonfinite(),
          .group = processes(),
          .sync_batch_norm = config.sync_batch_norm};
}

}  // namespace

int train_paper(TrainConfig config) {
  const CocoSplits splits = read_splits(config);
  std::optional<RunFolder> folder;
  if (!is_silent())
    folder.emplace(config.output_dir, training_run,
                   earlier_run(config.output_dir, config.resume_file(), config.overwrite));
  const CocoSplit& train = splits.at("train");
  const PaperDescription description = describe(config, labels_of(config, train));
  const Shape shape{config.img_size, config.img_size, description.channels};
  const auto classes = static_cast<Index>(description.labels.class_names.size());
  const PaperDataset<float> training(
      make_source(train, config), shape,
      {.classes = classes, .augment = config.augment, .outputs = config.outputs_per_example});
  std::shared_ptr<const CachedSource> validation_source;
  std::unique_ptr<PaperDataset<float>> validation;
  if (splits.valid) {
    validation_source = make_source(*splits.valid, config);
    validation =
        std::make_unique<PaperDataset<float>>(validation_source, shape, PaperDatasetOptions{.classes = classes});
  }

  const std::filesystem::path output = config.output_dir;

  const auto network =
      std::make_shared<Network<float>>(paper_network<float>(classes, config.img_size, description.channels));
  network->initialize(config.seed);
  if (config.pretrained && !config.pretrained->empty())
    load_weights(weights_file(*config.pretrained), network->parameters(), {.ignore = is_training_state});
  for (const std::string& prefix : config.freeze) network->parameters().set_trainable(prefix, false);
  const Execution execution{.threads = config.threads};
  const auto detector = [&] { return std::make_unique<PaperDetector>(network, description, execution); };

  Adam<float> adam;
  const Index together = processes() ? processes()->size() : 1;
  const double rate = config.scale_rate ? scaled_rate(config.learning_rate, together) : config.learning_rate;
  if (together > 1) std::cout << group_line(together, config.batch_size, config.learning_rate, rate) << std::endl;
  ReduceOnPlateau schedule(
      rate, {.factor = 0.5, .patience = 5, .min_rate = 1e-6, .higher_is_better = config.monitor == "mAP50"});
  Trainer<float> trainer(*network, adam, schedule, paper_loss<float>(config.raw_bce), trainer_options(config));
  PaperRun run(config, splits, trainer);
  if (config.minutes > 0) trainer.add(TimeBudget{60 * config.minutes});
  if (splits.valid && config.eval_interval > 0)
    trainer.add(std::make_unique<MeasureMap>(detector, validation_source, config.eval_interval));
  const auto& stopping = run.add_callbacks();
  const std::unique_ptr<Detector> described = detector();
  described->set_images(std::make_shared<const ImageMembership>(membership_of(splits)));
  run.add_checkpoint(*described);
  if (!run.fit(folder, training, validation.get(), described->images())) return interrupted_code;
  if (is_silent()) return 0;
  run.report(*detector());
  if (stopping.best_epoch() > 0)
    std::cout << "best epoch " << stopping.best_epoch() << ": " << config.monitor << ' ' << stopping.best()
              << ", weights in " << (output / "best.safetensors").string() << '\n';
  return 0;
}

}  // namespace amdefect
