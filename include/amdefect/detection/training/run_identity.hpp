#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/detection/image_membership.hpp"
#include "amdefect/detection/split_membership.hpp"
#include "amdefect/detection/training/detector_trainer_options.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/safetensors.hpp"

namespace amdefect {

/// Key of a run's identity in the metadata of a checkpoint: a JSON object of what must be the same when it continues.
inline constexpr const char* identity_key = "amdefect.config";

/// The options, as far as they change the course of a training, as a JSON object.
inline JsonValue identity_of(const DetectorTrainerOptions& o) {
  JsonValue json{{"network", to_json(o.model)},
                 {"minutes", o.epochs > 0 ? 0 : o.minutes},
                 {"crop_size", o.crop_side},
                 {"crops_per_epoch", o.crops_per_epoch},
                 {"slots", o.slots},
                 {"mosaic", o.mosaic},
                 {"balance_styles", o.balance_styles},
                 {"balance_classes", o.balance_classes},
                 {"pixel_scaling", to_json(o.pixel_scaling)},
                 {"box_loss", box_loss_name(o.loss.box_loss)},
                 {"score_loss", o.loss.score_loss == ScoreLoss::focal ? "focal" : "quality_focal"},
                 {"class_weights", JsonValue::array(o.loss.class_weights)},
                 {"box_weight", o.loss.box_weight},
                 {"distribution_weight", o.loss.distribution_weight},
                 {"largest_side", o.loss.assignment.largest_side},
                 {"radius", o.loss.assignment.radius},
                 {"most_locations", o.loss.assignment.most_locations},
                 {"score_power", o.loss.assignment.score_power},
                 {"iou_power", o.loss.assignment.iou_power},
                 {"batch_size", o.batch_size},
                 {"learning_rate", o.learning_rate},
                 {"weight_decay", o.weight_decay},
                 {"average_decay", o.average_decay},
                 {"pretrained", o.pretrained.value_or("").string()},
                 {"freeze", JsonValue::array(o.freeze)},
                 {"eval_interval", o.eval_interval},
                 {"early_stopping", o.patience},
                 {"seed", o.seed},
                 {"monitor", o.monitor},
                 {"clip_norm", o.clip_norm},
                 {"box_offset", o.box_offset},
                 {"extra_image_folders", JsonValue::array(o.extra_image_folders)},
                 {"greyscale", o.augment.greyscale},
                 {"hue_degrees", o.augment.hue_degrees},
                 {"flip_x", o.augment.flip_x},
                 {"flip_y", o.augment.flip_y},
                 {"rotate", o.augment.rotate},
                 {"crop", o.augment.crop},
                 {"crop_zoom", o.augment.crop_zoom},
                 {"min_visible", o.augment.min_visible},
                 {"brightness", o.augment.brightness},
                 {"contrast", o.augment.contrast}};
  if (o.accumulate != 1) json.set("accumulate", o.accumulate);
  if (o.sync_batch_norm) json.set("sync_batch_norm", true);
  if (!o.scale_rate) json.set("scale_rate", false);
  if (!o.extra_image_folders.empty() && o.augment.extra_shift > 0) json.set("extra_shift", o.augment.extra_shift);
  if (o.copy_paste > 0) json.set("copy_paste", o.copy_paste);
  if (o.mixup > 0) json.set("mixup", o.mixup);
  if (o.random_erasing > 0) json.set("random_erasing", o.random_erasing);
  if (o.channel_dropout > 0) json.set("channel_dropout", o.channel_dropout);
  if (o.model.backbone.empty()) return json;
  json.set("frozen_stages", o.frozen_stages);
  json.set("frozen_norms", o.frozen_norms);
  json.set("backbone_rate", o.backbone_rate);
  return json;
}

/// Adds what pictures that are no image files, and their measured scales, change of a training.
inline void add_pictures(JsonValue& identity, const DetectorTrainerOptions& o) {
  if (!o.pictures) return;
  if (!o.pictures.identity.is_null()) identity.set("sensors", o.pictures.identity);
  if (o.augment.extra_shift > 0) identity.set("extra_shift", o.augment.extra_shift);
  if (o.pictures.open_numbers) identity.set("pixel_scaling", to_json(o.pixel_scaling));
}

namespace detail {

inline constexpr const char *training_annotations = "training_annotations",
                            *validation_annotations = "validation_annotations";

/// Of the annotations in memory, where they come from no file of their own.
inline std::uint32_t annotation_checksum(const CocoSplit& split) {
  std::string text;
  for (const CocoImage& image : split.coco.images) text += image.file_name + '\n';
  for (const CocoCategory& category : split.coco.categories) text += concat(category.id, ' ', category.name, '\n');
  for (const auto& a : split.coco.annotations)
    text +=
        concat(a.image_id, ' ', a.category_id, ' ', a.box.x, ' ', a.box.y, ' ', a.box.width, ' ', a.box.height, '\n');
  return crc32({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace detail

/// The options that change the course of a run, a JSON object, with checksums of the annotation files it learns from.
/// @throws FileError for an annotation file that cannot be read.
inline JsonValue run_identity(JsonValue options, const CocoSplits& splits, int pixel_bits = 8, double zoom = 1) {
  // Runs of before do not say so: they read 8 bits, and saw images as they are.
  if (pixel_bits != 8) options.set("pixel_bits", pixel_bits);
  if (zoom != 1) options.set("zoom", zoom);
  const auto checksum = [](const CocoSplit& split) {
    return concat(split.image_checksums.empty() ? crc32(read_bytes(split.annotation_file))
                                                : detail::annotation_checksum(split));
  };
  options.set(detail::training_annotations, checksum(splits.at("train")));
  options.set(detail::validation_annotations, splits.valid ? checksum(*splits.valid) : "none");
  return options;
}

namespace detail {

/// The value of an option as its user would write it; models have names of before in files.
inline std::string shown(const std::string& key, const JsonValue* value) {
  if (!value || value->is_null()) return "none";
  const auto* text = value->get_if<std::string>();
  if (!text) return value->to_text();
  return key == "model" && text->starts_with("dense-") ? "anchor-free-" + text->substr(6) : *text;
}

inline constexpr const char* what_to_do =
    "resume with the data of then, or begin another run, with the weights of this one if you like (pretrained)";

/// Names of images of a split that are not among those with these checksums, in brackets; empty if there are none.
inline std::string new_images(const CocoSplit& split, const std::vector<std::uint64_t>& known) {
  const auto checksums = image_checksums(split);
  std::string names;
  Index count = 0;
  for (std::size_t i = 0; i < checksums.size(); ++i) {
    if (!checksums[i] || std::binary_search(known.begin(), known.end(), *checksums[i])) continue;
    if (++count <= 3) names += (count > 1 ? ", " : "") + split.coco.images[i].file_name;
  }
  if (count > 3) names += concat(" and ", count - 3, " more");
  return count > 0 ? concat(" (new or changed: ", names, ')') : "";
}

}  // namespace detail

/// @throws FileError if the file is no checkpoint of a training, Error that names what is not the same: an option, or
/// the annotation file of `splits` with other contents.
inline void require_same_run(const SafetensorsFile& checkpoint, const JsonValue& identity, const CocoSplits& splits) {
  const auto stored = checkpoint.metadata().find(identity_key);
  require<FileError>(stored != checkpoint.metadata().end(), "train: ", checkpoint.path().string(),
                     " is no checkpoint of 'amdefect train'");
  const JsonValue before = parse_json(stored->second, checkpoint.path().string());
  const JsonValue::Object* stored_options = before.get_if<JsonValue::Object>();
  require<FileError>(stored_options != nullptr, "train: ", checkpoint.path().string(),
                     ": what it says of its run is no JSON object");
  const std::string cannot = concat("train: cannot resume from ", checkpoint.path().string(), " with ");
  const auto check = [&](const std::string& key, const JsonValue* then, const JsonValue* now) {
    if (then && now && *then == *now) return;
    const bool training = key == detail::training_annotations;
    require(training || key == detail::validation_annotations, cannot, "another ", key, ": the run was started with ",
            detail::shown(key, then), ", now it is ", detail::shown(key, now));
    const auto& split = training ? splits.train : splits.valid;
    require(split && then && *then != JsonValue("none"), cannot, split ? "a" : "no",
            " validation split, because the run was begun ", split ? "without one" : "with one");
    throw Error(concat(cannot, "other annotations: ", split->annotation_file.string(),
                       " is another file than that of the ", split->name,
                       " split when the run was begun, or was changed; ", detail::what_to_do));
  };
  for (const auto& [key, value] : *identity.get_if<JsonValue::Object>()) check(key, before.find(key), &value);
  for (const auto& [key, value] : *stored_options) check(key, &value, identity.find(key));
}

/// @throws Error if the checkpoint's training learned from, or was validated with, other pictures than those of
/// `splits`, whose checksums are `now`. (Those of the test split have no part in it, and a run of version 0.1 does not
/// say.)
inline void require_same_images(const SafetensorsFile& checkpoint, const ImageMembership& now,
                                const CocoSplits& splits) {
  const ImageMembership then = read_membership(checkpoint);
  if (then.empty()) return;
  const auto check = [&](const char* use, const auto& before, const auto& present, const auto& split) {
    if (before == present) return;
    std::vector<std::uint64_t> common;
    std::set_intersection(before.begin(), before.end(), present.begin(), present.end(), std::back_inserter(common));
    const std::string now_there =
        split ? concat(" of ", split->annotation_file.string(), detail::new_images(*split, before)) : "";
    throw Error(concat("train: cannot resume from ", checkpoint.path().string(), " with other pictures: of the ",
                       before.size(), " that it was ", use, " with, ", common.size(), " are among the ", present.size(),
                       now_there, "; ", detail::what_to_do));
  };
  check("trained", then.train, now.train, splits.train);
  check("validated", then.valid, now.valid, splits.valid);
}

}  // namespace amdefect
