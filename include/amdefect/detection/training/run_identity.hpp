#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/detection/training/detector_trainer_options.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/safetensors.hpp"

namespace amdefect {

/// Key of a run's identity in the metadata of a checkpoint: a JSON object of what must be the same when it continues.
inline constexpr const char* identity_key = "amdefect.config";

/// The options, as far as they change the course of a training, as a JSON object.
inline std::string identity_of(const DetectorTrainerOptions& o) {
  const nlohmann::ordered_json json{{"network", nlohmann::ordered_json::parse(to_json_text(o.model))},
                                    {"minutes", o.epochs > 0 ? 0 : o.minutes},
                                    {"crop_size", o.crop_side},
                                    {"crops_per_epoch", o.crops_per_epoch},
                                    {"slots", o.slots},
                                    {"mosaic", o.mosaic},
                                    {"balance_styles", o.balance_styles},
                                    {"balance_classes", o.balance_classes},
                                    {"box_loss", box_loss_name(o.loss.box_loss)},
                                    {"score_loss", o.loss.score_loss == ScoreLoss::focal ? "focal" : "quality_focal"},
                                    {"class_weights", o.loss.class_weights},
                                    {"batch_size", o.batch_size},
                                    {"learning_rate", o.learning_rate},
                                    {"weight_decay", o.weight_decay},
                                    {"average_decay", o.average_decay},
                                    {"pretrained", o.pretrained.string()},
                                    {"eval_interval", o.eval_interval},
                                    {"early_stopping", o.patience},
                                    {"seed", o.seed},
                                    {"monitor", o.monitor},
                                    {"clip_norm", o.clip_norm},
                                    {"box_offset", o.box_offset},
                                    {"extra_image_folders", o.extra_image_folders},
                                    {"greyscale", o.augment.greyscale},
                                    {"hue_degrees", o.augment.hue_degrees},
                                    {"flip_x", o.augment.flip_x},
                                    {"flip_y", o.augment.flip_y},
                                    {"rotate", o.augment.rotate},
                                    {"crop", o.augment.crop},
                                    {"brightness", o.augment.brightness},
                                    {"contrast", o.augment.contrast}};
  return json.dump();
}

/// The options that change the course of a run, a JSON object, and checksums of the annotation files it learns from.
/// @throws FileError for an annotation file that cannot be read.
inline std::string run_identity(const std::string& options, const CocoSplits& splits) {
  auto identity = nlohmann::ordered_json::parse(options, nullptr, false);
  require(identity.is_object(), "run identity: expected a JSON object, got ", options);
  const auto checksum = [](const CocoSplit& split) { return concat(crc32(read_bytes(split.annotation_file))); };
  identity["training_annotations"] = checksum(splits.at("train"));
  identity["validation_annotations"] = splits.valid ? checksum(*splits.valid) : "none";
  return identity.dump();
}

/// @throws FileError if the file is no checkpoint of a training, Error that names what is not the same.
inline void require_same_run(const SafetensorsFile& checkpoint, const std::string& identity) {
  const auto stored = checkpoint.metadata().find(identity_key);
  require<FileError>(stored != checkpoint.metadata().end(), "train: ", checkpoint.path().string(),
                     " is no checkpoint of 'amdefect train'");
  const auto before = nlohmann::json::parse(stored->second, nullptr, false);
  const auto now = nlohmann::json::parse(identity);
  for (const auto& [key, value] : now.items())
    require(before.is_object() && before.contains(key) && before[key] == value, "train: cannot resume from ",
            checkpoint.path().string(), " with another ", key, ": the run was started with ",
            before.is_object() && before.contains(key) ? before[key].dump() : "none", ", now it is ", value.dump());
}

}  // namespace amdefect
