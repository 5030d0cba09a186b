#include <iostream>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/detection/training/detector_trainer.hpp"
#include "amdefect/inspect/annotation_text.hpp"
#include "layers/layer_data.hpp"
#include "processes/processes.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

/// The bins of an edge that the command line asks for, or the detector has that the training continues or that was
/// named as its start; 0: nobody says.
Index bins_of(const TrainConfig& config) {
  if (!config.network.empty() && config.box_bins <= 1) return 0;
  if (config.box_bins > 0) return config.box_bins;
  if (const auto run = config.resume_file(); !run.empty()) return box_bins_of(run);
  const std::string start = config.pretrained.value_or("");
  return start.empty() ? 0 : box_bins_of(start);
}

/// What must be the same when the run continues: the bins that it has, whether the command line says them or not.
JsonValue identity_of(TrainConfig config, const AnchorFreeModel& model) {
  if (config.network.empty()) config.box_bins = model.box_bins;
  return identity_of(config);
}

/// What the data suggest, with all that the command line says.
DetectorTrainerOptions options_of(const TrainConfig& config, const CocoSplits& splits, const AnnotationCheck& check) {
  DetectorTrainerOptions options = suggest_options(
      splits, check,
      config.backbone.empty() ? anchor_free_preset(config.model) : anchor_free_on(config.backbone, config.first_stride),
      config.zoom);
  if (!config.extra_image_folders.empty()) options.pixel_scaling = PixelScaling{};  // of any number of channels
  options.frozen_stages = config.frozen_stages;
  options.frozen_norms = config.frozen_norms;
  options.backbone_rate = config.backbone_rate;
  if (!config.network.empty()) options.model = anchor_free_model_of(config.network);
  if (const Index bins = bins_of(config)) options.model.box_bins = bins;
  if (config.encoder_layers > 0) options.model.encoder_layers = config.encoder_layers;
  options.model.squeeze_excite |= config.squeeze_excite;
  options.model.late_fusion |= config.late_fusion;
  if (config.crop_size > 0) options.crop_side = config.crop_size;
  options.mosaic = config.mosaic;
  options.copy_paste = config.copy_paste;
  options.mixup = config.mixup;
  options.random_erasing = config.random_erasing;
  options.channel_dropout = config.sensors.channel_dropout;
  options.augment = config.augment;
  options.box_offset = config.offset();
  options.extra_image_folders = config.extra_image_folders;
  options.cache = cache_options(config);
  options.minutes = config.minutes;
  options.epochs = config.minutes > 0 ? 0 : config.epochs;
  options.batch_size = config.batch_size;
  options.accumulate = config.accumulate;
  options.learning_rate = config.learning_rate;
  options.clip_norm = config.clip_norm;
  options.on_nonfinite = config.nonfinite();
  for (const BoxLoss kind : {BoxLoss::iou, BoxLoss::giou, BoxLoss::diou, BoxLoss::ciou})
    if (box_loss_name(kind) == config.box_loss + "_loss") options.loss.box_loss = kind;
  if (config.score_loss == "focal") options.loss.score_loss = ScoreLoss::focal;
  options.loss.class_weights = config.class_weights;
  options.seed = config.seed;
  options.execution = {.threads = config.threads, .recompute = recompute_of(config.recompute)};
  options.workers = config.workers;
  options.group = processes();
  options.sync_batch_norm = config.sync_batch_norm;
  options.scale_rate = config.scale_rate;
  options.monitor = config.monitor;
  options.eval_interval = config.eval_interval;
  options.patience = config.early_stopping;
  options.output_folder = config.output_dir;
  options.overwrite = config.overwrite;
  options.pretrained = config.pretrained;
  options.freeze = config.freeze;
  options.resume = config.resume_file();
  options.identity = identity_of(config, options.model);
  options.log = [](const std::string& line) { std::cout << line << std::endl; };
  return options;
}

}  // namespace

int train_anchor_free(TrainConfig config) {
  const LayeredData layers = layered_data_of(config.dataset_path, config.layers, config.sensors);
  require(!layers.pictures || (config.fold.empty() && config.annotation_file.empty()),
          "train: fold and annotation_file are not for files of layers");
  const FurtherChannels further =
      further_channels_of(static_cast<bool>(layers.pictures), config.sensors.file, {}, config.extra_image_folders);
  require(layers.pictures || !config.sensors.measure_scale,
          "train: measure_scale is for files of layers; of pictures in folders, --sensors measures it by itself");
  const CocoSplits splits = layers.pictures ? usable_splits(layers.splits) : read_splits(config);
  labels_of(config, *splits.train);
  const AnnotationCheck check = check_annotations(*splits.train);
  std::cout << to_text(check, *splits.train);
  DetectorTrainerOptions options = options_of(config, splits, check);
  if (layers.pictures) use_pictures(options, layers.pictures);
  if (further.reader) options.pictures = sensor_pictures(further.reader, config.offset());
  if (options.pictures.open_numbers) measure_scale(options, splits);
  const PictureSource pictures = options.pictures;
  DetectorTrainer trainer(splits, std::move(options));
  add_program_callbacks(trainer, config);
  const std::unique_ptr<Detector> detector = trainer.fit();
  if (say_if_interrupted(trainer.interrupted())) return interrupted_code;
  if (is_silent()) return 0;
  write_training_report(config, splits, trainer.history(), trainer.validation(), pictures);
  std::cout << "best epoch " << trainer.best_epoch() << ": " << config.monitor << ' ' << trainer.best()
            << ", score threshold " << detector->score_threshold() << ", weights in "
            << (std::filesystem::path(config.output_dir) / "best.safetensors").string() << '\n';
  return 0;
}

}  // namespace amdefect
