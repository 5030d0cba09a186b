#include "training_run.hpp"

#include <limits>

#include "amdefect/detection/training/training_splits.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/viz/history_json.hpp"
#include "evaluation.hpp"
#include "precompiled.hpp"

namespace amdefect {

namespace {

JsonValue identity_of(const TrainConfig& config, const CocoSplits& splits) {
  return run_identity(identity_of(config), splits);
}

}  // namespace

JsonValue identity_of(const TrainConfig& config) { return parse_json(to_json(config, true).dump(), "configuration"); }

DetectorLabels labels_of(const TrainConfig& config, const CocoSplit& split) {
  DetectorLabels labels = labels_of(split, config.offset());
  const auto found = static_cast<Index>(labels.class_names.size());
  require(config.num_classes == 0 || config.num_classes == found, "train: num_classes is ", config.num_classes,
          ", but the data set has ", found, " categories (unused ones count)");
  return labels;
}

void RunFiles::on_begin(Trainer<float>& trainer) {
  write_text_file(std::filesystem::path(config_.output_dir) / "config.json", to_json(config_).dump(1) + "\n");
  guard_.emplace(trainer);
}

void RunFiles::on_end(Trainer<float>& trainer) {
  guard_.reset();
  write_text_file(std::filesystem::path(config_.output_dir) / "history.json", history_json(trainer.history()));
}

bool say_if_interrupted(bool interrupted) {
  if (interrupted) std::cout << "interrupted; continue with the same options and --resume\n";
  return interrupted;
}

void write_training_report(const TrainConfig& config, const CocoSplits& splits, const std::vector<EpochLog>& history,
                           const std::optional<DetectorEvaluation>& validation) {
  ReportData report{.title = "Training"};
  if (validation)
    report = make_report("Training", *splits.valid, validation->results, validation->metrics,
                         paper_comparison(splits.valid->coco, validation->results, validation->metrics));
  report.summary = {{"data set", config.dataset_path}, {"epochs", concat(history.size())}};
  report.configuration = key_values(to_json(config));
  report.history = history;
  save_report(std::filesystem::path(config.output_dir) / "report.html", report);
}

EarlyStopping<float>& TrainingRun::add_callbacks(bool restore_best_weights) {
  add_program_callbacks(trainer, config);
  const Index patience = config.early_stopping;
  return trainer.add(std::make_unique<EarlyStopping<float>>(
      EarlyStoppingOptions{.monitor = config.monitor,
                           .higher_is_better = higher_is_better(),
                           .patience = patience > 0 ? patience : std::numeric_limits<Index>::max(),
                           .restore_best_weights = restore_best_weights}));
}

CheckpointOptions TrainingRun::checkpoint(SafetensorsMetadata model) const {
  model[identity_key] = identity_of(config, splits).to_text();
  return {.best = output() / "best.safetensors",
          .last = output() / "last.safetensors",
          .monitor = config.monitor,
          .higher_is_better = higher_is_better(),
          .metadata = std::move(model)};
}

bool TrainingRun::fit(const Dataset<float>& training, const Dataset<float>* validation, const std::string& samples) {
  if (const std::filesystem::path from = config.resume_file(); !from.empty()) {
    const SafetensorsFile file = read_safetensors(from);
    require_same_run(file, identity_of(config, splits));
    trainer.restore(load_checkpoint(file, trainer.network().parameters()));
  }
  std::cout << "training on " << splits.at("train").size() << " images (" << training.size() << ' ' << samples
            << " per epoch)";
  if (has_validation()) std::cout << ", validating on " << splits.valid->size();
  std::cout << "; " << splits.train->coco.categories.size() << " classes; results go to " << output().string()
            << std::endl;
  trainer.fit(training, validation);
  return !say_if_interrupted(trainer.interrupted());
}

void TrainingRun::report(const Detector& detector) const {
  std::optional<DetectorEvaluation> evaluation;
  if (has_validation())
    evaluation = evaluate(detector, *splits.valid, {.extra_image_folders = config.extra_image_folders});
  write_training_report(config, splits, trainer.history(), evaluation);
}

CocoSplits read_splits(TrainConfig& config) {
  make_folder(config.output_dir);  // first, so that no time is lost where it cannot be made
  CocoSplits splits = usable_splits(read_coco_splits(
      config.dataset_path.empty() ? config.annotation_file : config.dataset_path,
      {.annotation_file = config.dataset_path.empty() ? "" : config.annotation_file, .seed = config.seed}));
  if (!splits.valid) {
    std::cerr << "warning: there is no validation split with boxes in it; watching the training loss\n";
    config.monitor = "loss";
  }
  if (!config.box_offset) {
    config.box_offset = detect_box_offset(splits.train->coco);
    if (config.offset() != 0)
      std::cout << "boxes are pixel indices (whole numbers up to one less than the image's size): half a pixel is added"
                << " (--box_offset 0 to leave them)\n";
  }
  return splits;
}

void load_pretrained(Network<float>& network, const TrainConfig& config) {
  if (!config.pretrained.empty()) load_weights(config.pretrained, network.parameters(), {.ignore = is_training_state});
  for (const std::string& prefix : config.freeze) network.parameters().set_trainable(prefix, false);
}

TrainerOptions trainer_options(const TrainConfig& config) {
  return {.epochs = config.minutes > 0 ? unlimited_epochs : config.epochs,
          .batch_size = config.batch_size,
          .seed = config.seed,
          .clip_norm = config.clip_norm,
          .workers = config.workers,
          .monitor = config.monitor,
          .execution = {.threads = config.threads}};
}

}  // namespace amdefect
