#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amdefect/data/augment.hpp"
#include "amdefect/detection/anchor_free/edge_distance.hpp"
#include "amdefect/image/letterbox.hpp"
#include "json_options.hpp"
#include "paper/paper_dataset.hpp"

namespace amdefect {

/// Everything that `amdefect train` can be told: the keys of the paper's configuration file (the first block) and ours.
struct TrainConfig {
  std::string model = "paper", network;
  double minutes = 0;
  Index crop_size = 0, box_bins = 1;
  std::string box_loss = "giou", score_loss = "quality_focal";
  std::vector<double> class_weights;
  std::string dataset_path, annotation_file;
  Index img_size = 416, batch_size = 8, epochs = 50;
  double learning_rate = 1e-4;
  std::string output_dir = "output", pretrained = "false", resume = "false";
  std::vector<std::string> freeze;
  Index eval_interval = 5;
  std::string early_stopping = "10";
  Index num_classes = 0;
  std::string gpu = "null";

  std::uint64_t seed = 0;
  int threads = 0, workers = 1;
  bool raw_bce = false;
  std::string fit = "within", monitor = "val_loss";
  Index outputs_per_example = 3;
  AugmentOptions augment = paper_augmentation();
  double mosaic = 0.5;
  std::string box_offset = "0";
  double clip_norm = 0;
  std::vector<std::string> extra_image_folders;
  Index cache_memory_mb = 2048;
  std::string cache_dir;

  /// Epochs without improvement before the training ends; 0 for never.
  Index patience() const {
    if (early_stopping == "false") return 0;
    if (early_stopping == "true") return 10;
    std::size_t end = 0;
    Index value = -1;
    try {
      value = std::stoll(early_stopping, &end);
    } catch (const std::exception&) {
    }
    require(value >= 0 && end == early_stopping.size(),
            "early_stopping: expected true, false or a number of epochs, got '", early_stopping, "'");
    return value;
  }
  /// What is added to the boxes. @throws Error unless it is a number ("auto" is replaced when the data are read).
  double offset() const {
    std::size_t end = 0;
    double value = 0;
    try {
      value = std::stod(box_offset, &end);
    } catch (const std::exception&) {
    }
    require(end > 0 && end == box_offset.size(), "box_offset: expected auto or a number, got '", box_offset, "'");
    return value;
  }
  FitMode fit_mode() const { return fit == "within" ? FitMode::within : FitMode::stretch; }
  static bool is_off(const std::string& value) { return value.empty() || value == "false" || value == "null"; }
};

/// Adds an option for each member.
inline void add_train_options(CLI::App& command, TrainConfig& c) {
  const auto paper = [&](auto* option) {
    return option->group("Options of the paper's configuration file")->capture_default_str();
  };
  paper(command.add_option("--dataset_path", c.dataset_path, "COCO data set: a folder with splits, or one JSON file"));
  paper(command.add_option("--annotation_file", c.annotation_file, "One annotation file, split by the seed"));
  paper(command.add_option("--img_size", c.img_size, "Width and height of the network's input")
            ->check(CLI::Range(8, 8192)));
  paper(command.add_option("--batch_size", c.batch_size, "Images per step")->check(CLI::Range(1, 65536)));
  paper(command.add_option("--epochs", c.epochs, "Largest number of epochs")->check(CLI::Range(0, 1000000)));
  paper(command.add_option("--learning_rate", c.learning_rate, "Adam's rate at the start")->check(CLI::PositiveNumber));
  paper(command.add_option("--output_dir", c.output_dir, "Folder for all that is written"));
  paper(command.add_option("--pretrained", c.pretrained, "Weights file to start from, or false"));
  paper(command
            .add_option("--resume", c.resume, "Continue from last.safetensors in the output folder (or the given file)")
            ->expected(0, 1))
      ->default_str("true");  // the value of a bare --resume; after `paper`, which sets the default's text, too
  paper(command
            .add_option("--eval_interval", c.eval_interval,
                        "Measure mAP@0.5 on the validation split every so many epochs; 0: never")
            ->check(CLI::Range(0, 1000000)));
  paper(command.add_option(
      "--early_stopping", c.early_stopping,
      "Epochs (for mAP50: measurements) without improvement before stopping; true: 10, false: never"));
  paper(command.add_option("--num_classes", c.num_classes, "Categories, unused ones included; 0: as the data set has")
            ->check(CLI::Range(0, 10000)));
  paper(command.add_option("--gpu", c.gpu, "Only null: this program uses the CPU"));

  const auto ours = [&](auto* option) { return option->group("More options")->capture_default_str(); };
  ours(command.add_option("--minutes", c.minutes, "Time that the training may take, instead of --epochs; 0: no limit")
           ->check(CLI::NonNegativeNumber));
  ours(command.add_option("--seed", c.seed, "Of weights, order, augmentation and splits")->check(seed_range));
  ours(command.add_option("--threads", c.threads, "Threads of the network; 0: all cores")->check(CLI::Range(0, 1024)));
  ours(command.add_option("--workers", c.workers, "Threads that load images ahead")->check(CLI::Range(0, 256)));
  ours(command.add_flag("--raw_bce,!--no-raw_bce", c.raw_bce,
                        "Train on raw outputs clipped in the loss, as the published code"));
  ours(command.add_option("--fit", c.fit, "How images get the input's size")
           ->check(CLI::IsMember({"within", "stretch"})));
  ours(command.add_option("--monitor", c.monitor, "Value that picks the best epoch and stops early")
           ->check(CLI::IsMember({"val_loss", "loss", "mAP50"})));
  ours(command.add_option("--clip_norm", c.clip_norm, "Largest norm of the gradient; 0: no limit")
           ->check(CLI::NonNegativeNumber));
  ours(command.add_option("--box_offset", c.box_offset,
                          "Added to box coordinates: 0.5 where they are pixel indices; auto: find out"));
  ours(command.add_option("--extra_image_folders", c.extra_image_folders,
                          "Folders with a further channel of each image"));
  ours(command.add_option("--cache_memory_mb", c.cache_memory_mb, "Memory for resized images")
           ->check(CLI::Range(0, 1 << 20)));
  ours(command.add_option("--cache_dir", c.cache_dir, "Folder that keeps resized images between runs"));

  ours(command.add_option("--freeze", c.freeze,
                          "Beginnings of the names of layers that keep their weights and statistics, e.g. stem stage"));

  const auto dense = [&](auto* option) { return option->group("The anchor-free detector")->capture_default_str(); };
  dense(command
            .add_option("--model", c.model,
                        "What to train; the defaults of the other options are given for 'paper', others suit the dense "
                        "models better and are used there; blob: a classical method for comparison")
            ->check(CLI::IsMember({"paper", "dense-n", "dense-s", "blob"})));
  dense(command.add_option("--crop_size", c.crop_size, "Side of the training crops in pixels; 0: by the objects")
            ->check(CLI::Range(0, 4096)));
  dense(command.add_option("--network", c.network,
                           "An architecture of your own as JSON, e.g. {\"stem\": 16, \"widths\": [32, 64], "
                           "\"blocks\": [1, 1]}"));

  dense(command.add_option("--mosaic", c.mosaic, "Share of training pictures made of four crops")
            ->check(CLI::Range(0.0, 1.0)));
  dense(command.add_option("--box_loss", c.box_loss, "What boxes learn by")
            ->check(CLI::IsMember({"iou", "giou", "diou", "ciou"})));
  dense(command.add_option("--score_loss", c.score_loss, "What scores learn by")
            ->check(CLI::IsMember({"quality_focal", "focal"})));
  dense(command
            .add_option(
                "--box_bins", c.box_bins,
                "Learn every edge of a box as a distribution over so many distances (8 to 64), by the distribution "
                "focal loss; 1: as --network says, or else a plain distance")
            ->check(CLI::Range(Index{1}, EdgeDistance::most_bins)));
  dense(command
            .add_option("--class_weights", c.class_weights, "A weight per category, e.g. 1,1,3; default: all the same")
            ->delimiter(','));

  const auto change = [&](auto* option) { return option->group("Augmentation")->capture_default_str(); };
  const CLI::Range share(0.0, 1.0);
  change(command
             .add_option("--outputs_per_example", c.outputs_per_example,
                         "Differently changed copies of each image per epoch")
             ->check(CLI::Range(1, 1000)));
  change(
      command.add_option("--greyscale", c.augment.greyscale, "Share of images that lose their colour")->check(share));
  change(command.add_option("--hue_degrees", c.augment.hue_degrees, "Largest turn of the hue")
             ->check(CLI::Range(0.0, 180.0)));
  change(command.add_option("--flip_x", c.augment.flip_x, "Share mirrored left to right")->check(share));
  change(command.add_option("--flip_y", c.augment.flip_y, "Share mirrored top to bottom")->check(share));
  change(command.add_option("--rotate", c.augment.rotate, "Share turned by 90 degrees")->check(share));
  change(command.add_option("--crop", c.augment.crop, "Share cropped and magnified")->check(share));
  change(command.add_option("--brightness", c.augment.brightness, "Largest change, as a share of the full range")
             ->check(share));
  change(command.add_option("--contrast", c.augment.contrast, "Largest relative change")->check(share));
}

/// Gives the options that were neither on the command line nor in the configuration file the values that suit the dense
/// detector.
inline void use_anchor_free_defaults(const CLI::App& command, TrainConfig& c) {
  const auto otherwise = [&](const char* option, auto& value, const auto& suited) {
    if (command.get_option(option)->count() == 0) value = suited;
  };
  if (command.get_option("--epochs")->count() == 0) otherwise("--minutes", c.minutes, 60.0);
  otherwise("--learning_rate", c.learning_rate, 2e-3);
  otherwise("--batch_size", c.batch_size, Index{16});
  otherwise("--early_stopping", c.early_stopping, "false");
  otherwise("--monitor", c.monitor, "mAP50");
  otherwise("--box_offset", c.box_offset, "auto");
  otherwise("--greyscale", c.augment.greyscale, 0.0);
  otherwise("--hue_degrees", c.augment.hue_degrees, 0.0);
  otherwise("--flip_x", c.augment.flip_x, 0.5);
  otherwise("--flip_y", c.augment.flip_y, 0.5);
  otherwise("--rotate", c.augment.rotate, 0.5);
  otherwise("--brightness", c.augment.brightness, 0.1);
  otherwise("--contrast", c.augment.contrast, 0.2);
}

/// The configuration in the form of the file; what does not change the course of a run is left out if `identity`.
inline nlohmann::ordered_json to_json(const TrainConfig& c, bool identity = false) {
  const auto switchable = [](const std::string& value) {
    return TrainConfig::is_off(value) ? nlohmann::ordered_json(false) : nlohmann::ordered_json(value);
  };
  nlohmann::ordered_json json{{"model", c.model},
                              {"network", c.network.empty() ? nlohmann::ordered_json()
                                                            : nlohmann::ordered_json::parse(c.network, nullptr, false)},
                              {"minutes", c.minutes},
                              {"crop_size", c.crop_size},
                              {"box_bins", c.box_bins},
                              {"mosaic", c.mosaic},
                              {"box_loss", c.box_loss},
                              {"score_loss", c.score_loss},
                              {"class_weights", c.class_weights},
                              {"img_size", c.img_size},
                              {"batch_size", c.batch_size},
                              {"learning_rate", c.learning_rate},
                              {"pretrained", switchable(c.pretrained)},
                              {"eval_interval", c.eval_interval},
                              {"early_stopping", c.patience()},
                              {"num_classes", c.num_classes},
                              {"seed", c.seed},
                              {"raw_bce", c.raw_bce},
                              {"fit", c.fit},
                              {"monitor", c.monitor},
                              {"clip_norm", c.clip_norm},
                              {"box_offset", c.offset()},
                              {"extra_image_folders", c.extra_image_folders},
                              {"outputs_per_example", c.outputs_per_example},
                              {"greyscale", c.augment.greyscale},
                              {"hue_degrees", c.augment.hue_degrees},
                              {"flip_x", c.augment.flip_x},
                              {"flip_y", c.augment.flip_y},
                              {"rotate", c.augment.rotate},
                              {"crop", c.augment.crop},
                              {"brightness", c.augment.brightness},
                              {"contrast", c.augment.contrast}};
  if (!c.freeze.empty()) json["freeze"] = c.freeze;  // runs of before continue
  if (identity) return json;
  json["dataset_path"] = c.dataset_path;
  json["annotation_file"] = c.annotation_file;
  json["epochs"] = c.epochs;
  json["output_dir"] = c.output_dir;
  json["resume"] = switchable(c.resume);
  json["gpu"] = nullptr;
  json["threads"] = c.threads;
  json["workers"] = c.workers;
  json["cache_memory_mb"] = c.cache_memory_mb;
  json["cache_dir"] = c.cache_dir;
  return json;
}

}  // namespace amdefect
