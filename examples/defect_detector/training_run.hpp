#pragma once

#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/sample_cache.hpp"
#include "amdefect/detection/evaluate.hpp"
#include "amdefect/detection/training/run_identity.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/train/callbacks/csv_log.hpp"
#include "amdefect/train/callbacks/progress.hpp"
#include "amdefect/train/trainer.hpp"
#include "amdefect/viz/run_files.hpp"
#include "train_options.hpp"

// What the trainings of all models have in common.
namespace amdefect {

inline CocoSourceOptions source_options(const TrainConfig& config) {
  return {.extra_image_folders = config.extra_image_folders, .box_offset = config.offset()};
}
inline CacheOptions cache_options(const TrainConfig& config) {
  return {static_cast<std::size_t>(config.cache_memory_mb) << 20, config.cache_dir};
}

/// The options that change the course of a run.
JsonValue identity_of(const TrainConfig& config);

/// The categories of the data set as labels. @throws Error if their number is not `num_classes`.
DetectorLabels labels_of(const TrainConfig& config, const CocoSplit& split);

/// Adds what the program shows and writes during a training, to a Trainer or a DetectorTrainer.
template <class AnyTrainer>
void add_program_callbacks(AnyTrainer& trainer, const TrainConfig& config) {
  trainer.add(std::make_unique<Progress<float>>(std::cout));
  trainer.add(std::make_unique<CsvLog<float>>(std::filesystem::path(config.output_dir) / "training_log.csv"));
  trainer.add(std::make_unique<RunFiles<float>>(config.output_dir, to_json(config).dump(1) + "\n"));
}

/// Says so if the training was interrupted.
bool say_if_interrupted(bool interrupted);

/// Writes report.html of a training. `validation` is what was measured on the validation split, if there is one.
void write_training_report(const TrainConfig& config, const CocoSplits& splits, const std::vector<EpochLog>& history,
                           const std::optional<DetectorEvaluation>& validation, const PictureSource& pictures = {});

/// Makes the output folder and reads the data set that the configuration names, without its validation split if that
/// has no boxes; the configuration gets the box offset of the data and a monitor that there is.
/// @throws Error, FileError; also if no training image has a box.
CocoSplits read_splits(TrainConfig& config);

int train_paper(TrainConfig config);
int train_anchor_free(TrainConfig config);
int train_blob(TrainConfig config);

}  // namespace amdefect
