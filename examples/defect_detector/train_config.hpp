#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/data/augment.hpp"
#include "amdefect/image/letterbox.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/train/nonfinite.hpp"
#include "layers/layer_config.hpp"
#include "sensors/sensor_config.hpp"

namespace amdefect {

/// Everything that `amdefect train` can be told. The values here are those of the anchor-free detector; what suits the
/// paper's network stands in the table of options (train_options.cpp), with all else that is known of an option.
struct TrainConfig {
  std::string model = "anchor-free-n";
  std::string dataset_path, annotation_file, output_dir = "output";
  std::optional<std::string> pretrained;        ///< weights to start from; empty: random ones; not given: suggested
  std::vector<std::string> freeze;              ///< beginnings of names of layers that stay as they are
  std::optional<std::filesystem::path> resume;  ///< see `resume_file`
  bool overwrite = false;                       ///< the run in the output folder
  Index epochs = 50, batch_size = 16, accumulate = 1;
  double minutes = 60;  ///< instead of epochs; 0: no limit
  double learning_rate = 2e-3, clip_norm = 0;
  std::string on_nonfinite = "stop";  ///< or skip: a batch whose loss or gradients are not finite
  Index eval_interval = 5;
  Index early_stopping = 0;  ///< epochs without improvement; 0: never
  std::string monitor = "mAP50", recompute = "cheap";
  Index num_classes = 0;
  std::optional<double> box_offset, zoom;  ///< not given: found out when the data are read
  std::vector<std::string> extra_image_folders;
  bool allow_outside_files = false;  ///< see SplitOptions
  std::uint64_t seed = 0;
  std::string fold;  ///< see `read_fold`; empty: the splits as they are
  bool gpu = false;
  int threads = 0, workers = 1;
  bool sync_batch_norm = false, scale_rate = true;  ///< of several processes, see DetectorTrainerOptions
  Index cache_memory_mb = 2048;
  std::string cache_dir;
  // The anchor-free detector.
  std::string network;   ///< JSON; empty: the preset
  std::string backbone;  ///< a published network; empty: the preset's own
  Index first_stride = 8, frozen_stages = 0;
  bool frozen_norms = false, squeeze_excite = false, late_fusion = false;
  double backbone_rate = 1;
  Index crop_size = 0, box_bins = 0, encoder_layers = 0;
  double mosaic = 0.5, copy_paste = 0, mixup = 0, random_erasing = 0;
  std::string box_loss = "giou", score_loss = "quality_focal";
  std::vector<double> class_weights;
  // The paper's network.
  Index img_size = 416;
  std::string fit = "within";
  bool raw_bce = false;
  Index outputs_per_example = 3;
  LayerConfig layers;
  SensorConfig sensors;
  AugmentOptions augment = detector_augmentation();

  bool is_paper() const { return model == "paper"; }
  bool is_anchor_free() const { return model.starts_with("anchor-free"); }
  double offset() const { return box_offset.value_or(0); }
  OnNonfinite nonfinite() const { return on_nonfinite == "skip" ? OnNonfinite::skip : OnNonfinite::stop; }
  FitMode fit_mode() const { return fit == "within" ? FitMode::within : FitMode::stretch; }

  /// The checkpoint to continue from; empty if none is asked for. `resume` names it, or the folder of a run, or is
  /// empty for the run in the output folder.
  std::filesystem::path resume_file() const {
    if (!resume) return {};
    const std::filesystem::path& run = resume->empty() ? std::filesystem::path(output_dir) : *resume;
    return resume->empty() || is_folder(run) ? run / "last.safetensors" : run;
  }
};

/// The configuration in the form of the file; what does not change the course of a run is left out if `identity`.
nlohmann::ordered_json to_json(const TrainConfig& config, bool identity = false);

}  // namespace amdefect
