#include "training_run.hpp"

#include <unistd.h>

#include <iostream>
#include <limits>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/inspect/annotation_check.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/csv_log.hpp"
#include "amdefect/train/callbacks/progress.hpp"
#include "amdefect/viz/history_json.hpp"
#include "evaluation.hpp"
#include "precompiled.hpp"

namespace amdefect {

namespace {

/// Puts weights and state of an interrupted run back. @throws Error if its identity was another one.
void resume(Trainer<float>& trainer, const std::filesystem::path& path, const nlohmann::json& identity) {
  const SafetensorsFile file = read_safetensors(path);
  const auto stored = file.metadata().find(identity_key);
  require<FileError>(stored != file.metadata().end(), "train: ", path.string(),
                     " is no checkpoint of 'amdefect train'");
  const auto before = nlohmann::json::parse(stored->second, nullptr, false);
  for (const auto& [key, value] : identity.items())
    require(before.is_object() && before.contains(key) && before[key] == value, "train: cannot resume from ",
            path.string(), " with another ", key, ": the run was started with ",
            before.is_object() && before.contains(key) ? before[key].dump() : "none", ", now it is ", value.dump());
  trainer.restore(load_checkpoint(file, trainer.network().parameters()));
}

}  // namespace

DetectorLabels labels_of(const TrainConfig& config, const CocoSplit& split) {
  DetectorLabels labels;
  labels.box_offset = config.offset();
  for (const CocoCategory& category : split.coco.categories) {
    labels.class_names.push_back(category.name);
    labels.category_ids.push_back(category.id);
  }
  const auto found = static_cast<Index>(labels.class_names.size());
  require(found > 0, "train: the data set ", split.annotation_file.string(), " has no categories");
  require(config.num_classes == 0 || config.num_classes == found, "train: num_classes is ", config.num_classes,
          ", but the data set has ", found, " categories (unused ones count)");
  return labels;
}

MeasureMap::MeasureMap(std::function<std::unique_ptr<Detector>()> detector, std::shared_ptr<const SampleSource> source,
                       const DetectorLabels& labels, Index interval)
    : detector_(std::move(detector)), source_(std::move(source)), interval_(interval) {
  for (std::size_t label = 0; label < labels.class_names.size(); ++label)
    truths_.categories.push_back({labels.category_ids[label], labels.class_names[label], ""});
  for (Index i = 0; i < source_->size(); ++i) {
    truths_.images.push_back({i + 1, "", 0, 0});
    const std::shared_ptr<const Sample> sample = source_->load(i);
    for (const LabelledBox& object : sample->objects)
      truths_.annotations.push_back({static_cast<std::int64_t>(truths_.annotations.size()) + 1, i + 1,
                                     labels.category_ids.at(static_cast<std::size_t>(object.label)),
                                     to_coco(object.box), object.box.area()});
  }
}

void MeasureMap::measure(Trainer<float>& trainer, EpochLog& log) {
  if (log.epoch % interval_ != 0 && log.epoch != log.epochs && !trainer.stopped()) return;
  const std::unique_ptr<Detector> detector = detector_();
  std::vector<CocoResult> results;
  for (Index i = 0; i < source_->size(); ++i)
    for (const Detection& detection :
         detector->detect(pixels(source_->load(i)->image), {.min_score = default_min_score}))
      results.push_back(to_coco(detection, i + 1, detector->labels().category_ids));
  log.values.emplace_back("mAP50", average_precision(truths_, results, 0.5));
}

EarlyStopping<float>& TrainingRun::add_callbacks(bool restore_best_weights) {
  trainer.add(std::make_unique<Progress<float>>(std::cout, isatty(STDOUT_FILENO) == 1));
  trainer.add(std::make_unique<CsvLog<float>>(output() / "training_log.csv"));
  const Index patience = config.early_stopping;
  return trainer.add(std::make_unique<EarlyStopping<float>>(
      EarlyStoppingOptions{.monitor = config.monitor,
                           .higher_is_better = higher_is_better(),
                           .patience = patience > 0 ? patience : std::numeric_limits<Index>::max(),
                           .restore_best_weights = restore_best_weights}));
}

nlohmann::ordered_json TrainingRun::identity() const {
  nlohmann::ordered_json json = to_json(config, true);
  const auto checksum = [](const CocoSplit& split) { return concat(crc32(read_bytes(split.annotation_file))); };
  json["training_annotations"] = checksum(splits.at("train"));
  json["validation_annotations"] = has_validation() ? checksum(*splits.valid) : "none";
  return json;
}

SafetensorsMetadata TrainingRun::metadata(SafetensorsMetadata model) const {
  model[identity_key] = identity().dump();
  return model;
}

CheckpointOptions TrainingRun::checkpoint(SafetensorsMetadata model) const {
  return {.best = output() / "best.safetensors",
          .last = output() / "last.safetensors",
          .monitor = config.monitor,
          .higher_is_better = higher_is_better(),
          .metadata = metadata(std::move(model))};
}

bool TrainingRun::fit(const Dataset<float>& training, const Dataset<float>* validation, const std::string& samples) {
  if (const std::filesystem::path from = config.resume_file(); !from.empty()) resume(trainer, from, identity());
  write_text_file(output() / "config.json", to_json(config).dump(1) + "\n");
  std::cout << "training on " << splits.at("train").size() << " images (" << training.size() << ' ' << samples
            << " per epoch)";
  if (has_validation()) std::cout << ", validating on " << splits.valid->size();
  std::cout << "; " << splits.train->coco.categories.size() << " classes; results go to " << output().string()
            << std::endl;
  {
    const InterruptGuard<Trainer<float>> guard(trainer);
    trainer.fit(training, validation);
  }
  write_text_file(output() / "history.json", history_json(trainer.history()));
  if (trainer.interrupted()) std::cout << "interrupted; continue with the same options and --resume\n";
  return !trainer.interrupted();
}

double TrainingRun::report(const Detector& detector, double score_threshold) const {
  ReportData report{.title = "Training"};
  double best = score_threshold;
  if (has_validation()) {
    const CocoSource files(*splits.valid, source_options(config));
    const std::vector<CocoResult> results =
        detect_split(detector, *splits.valid, files, {.min_score = default_min_score});
    const CocoDataset& truths = splits.valid->coco;
    const ReportEvaluation evaluation = evaluate_detections(truths, results, score_threshold, {1, 10, 100});
    report = make_report("Training", *splits.valid, results, evaluation, paper_comparison(truths, results, evaluation));
    best = report.evaluation->curves.all.best_threshold().value_or(score_threshold);
  }
  report.summary = {{"data set", config.dataset_path}, {"epochs", concat(trainer.history().size())}};
  report.configuration = key_values(to_json(config));
  report.history = trainer.history();
  save_report(output() / "report.html", report);
  return best;
}

CocoSplits read_splits(TrainConfig& config) {
  make_folder(config.output_dir);  // first, so that no time is lost where it cannot be made
  CocoSplits splits = read_coco_splits(
      config.dataset_path.empty() ? config.annotation_file : config.dataset_path,
      {.annotation_file = config.dataset_path.empty() ? "" : config.annotation_file, .seed = config.seed});
  const CocoSplit& training = splits.at("train");
  require(training.size() > 0, "train: the training split of ", splits.root.string(), " has no images");
  const auto has_boxes = [](const CocoSplit& split) { return check_annotations(split).usable > 0; };
  require(has_boxes(training), "train: none of the ", training.size(), " training images of ",
          training.annotation_file.string(), " has a box: there is nothing to learn");
  if (!splits.valid || !has_boxes(*splits.valid)) {
    std::cerr << "warning: there is no validation split with boxes in it; watching the training loss\n";
    splits.valid.reset();
    config.monitor = "loss";
  }
  if (!config.box_offset) {
    config.box_offset = detect_box_offset(training.coco);
    if (config.offset() != 0)
      std::cout << "boxes are pixel indices (whole numbers up to one less than the image's size): half a pixel is added"
                << " (--box_offset 0 to leave them)\n";
  }
  return splits;
}

void load_pretrained(Network<float>& network, const TrainConfig& config) {
  if (!config.pretrained.empty())
    load_weights(read_safetensors(config.pretrained), network.parameters(), training_state_prefix);
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
