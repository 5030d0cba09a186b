#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/sample_cache.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/trainer.hpp"
#include "train_config.hpp"

// What the trainings of all models have in common.
namespace amdefect {

/// Key of a run's identity in the metadata of a checkpoint.
inline constexpr const char* identity_key = "amdefect.config";

inline CocoSourceOptions source_options(const TrainConfig& config) {
  return {.extra_image_folders = config.extra_image_folders, .box_offset = config.offset()};
}
inline Index image_channels(const TrainConfig& config) {
  return 3 + static_cast<Index>(config.extra_image_folders.size());
}
inline CacheOptions cache_options(const TrainConfig& config) {
  return {static_cast<std::size_t>(config.cache_memory_mb) << 20, config.cache_dir};
}

/// The categories of the data set as labels. @throws Error if their number is not `num_classes`.
DetectorLabels labels_of(const TrainConfig& config, const CocoSplit& split);

/// Adds mAP@0.5 on the images of a source to the log of every `interval`th epoch and the last.
class MeasureMap : public Callback<float> {
 public:
  /// `detector` gives one with the network's present weights.
  MeasureMap(std::function<std::unique_ptr<Detector>()> detector, std::shared_ptr<const SampleSource> source,
             const DetectorLabels& labels, Index interval);
  void measure(Trainer<float>& trainer, EpochLog& log) override;

 private:
  std::function<std::unique_ptr<Detector>()> detector_;
  std::shared_ptr<const SampleSource> source_;
  Index interval_;
  CocoDataset truths_;
};

/// A training that is set up. The last steps, which are the same for all models, are methods.
struct TrainingRun {
  const TrainConfig& config;
  const CocoSplits& splits;
  Trainer<float>& trainer;

  bool has_validation() const { return splits.valid.has_value(); }
  std::filesystem::path output() const { return config.output_dir; }

  /// Progress on the terminal, the log, early stopping. Those that measure something go before, a checkpoint after.
  EarlyStopping<float>& add_callbacks(bool restore_best_weights);
  /// What must be the same when a run is continued: the options that change its course, and checksums of the data's
  /// annotation files.
  nlohmann::ordered_json identity() const;
  SafetensorsMetadata metadata(SafetensorsMetadata model) const;
  CheckpointOptions checkpoint(SafetensorsMetadata model) const;
  /// Trains, after a resume if one is asked for, and writes config.json and history.json. False if it was interrupted.
  bool fit(const Dataset<float>& training, const Dataset<float>* validation, const std::string& samples);
  /// Evaluates the detector on the validation split, if there is one, writes report.html and returns the threshold with
  /// the best F1.
  double report(const Detector& detector, double score_threshold) const;
  bool higher_is_better() const { return config.monitor == "mAP50"; }
};

/// Makes the output folder and reads the data set that the configuration names, without its validation split if that
/// has no boxes.
/// @throws Error, FileError; also if no training image has a box.
CocoSplits read_splits(TrainConfig& config);

/// Takes the weights that the configuration says to start from, if any. @throws FileError if they do not fit.
void load_pretrained(Network<float>& network, const TrainConfig& config);

TrainerOptions trainer_options(const TrainConfig& config);

int train_paper(TrainConfig config);
int train_anchor_free(TrainConfig config);
int train_blob(TrainConfig config);

}  // namespace amdefect
