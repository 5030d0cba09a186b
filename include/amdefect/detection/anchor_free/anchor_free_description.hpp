#pragma once

#include <string_view>
#include <utility>

#include "amdefect/detection/anchor_free/anchor_free_model.hpp"
#include "amdefect/detection/detector_file.hpp"
#include "amdefect/image/zoom.hpp"

namespace amdefect {

/// All that has to be known besides the weights to use an anchor-free detector; stored with them as JSON.
struct AnchorFreeDescription {
  AnchorFreeModel model{};
  DetectorLabels labels{};
  double score_threshold = 0.35;  ///< where the best F1 commonly is; training measures it on validation images
  PixelScaling pixel_scaling{};
  SensorTraits sensors{};
  double zoom = 1;  ///< how much larger the network sees images than they are; detections are in pixels of the image
  bool flip_test = false;  ///< whether it looks at mirror images where `DetectOptions::flip_test` says nothing

  DetectorTraits traits() const { return {labels, model.channels, score_threshold, pixel_scaling, sensors}; }
  friend bool operator==(const AnchorFreeDescription&, const AnchorFreeDescription&) = default;
};

/// The network's part of a model: `{"stem":16,"widths":[32,64,128],...}` or `{"backbone":"resnet18",...}`, without
/// channels and classes, which depend on the data.
inline JsonValue to_json(const AnchorFreeModel& model) {
  JsonValue json = JsonValue::object();
  if (model.backbone.empty()) {
    json.set("stem", model.stem);
    json.set("widths", JsonValue::array(model.widths));
    json.set("blocks", JsonValue::array(model.blocks));
  } else {
    json.set("backbone", model.backbone);
    json.set("first_stride", model.first_stride);
  }
  json.set("pyramid", model.pyramid);
  json.set("head_convs", model.head_convs);
  json.set("levels", model.levels);
  json.set("box_bins", model.box_bins);
  // What is newer is said only where it is used: the files of other models stay as they were.
  if (model.squeeze_excite) json.set("squeeze_excite", true);
  if (model.encoder_layers != 0) json.set("encoder_layers", model.encoder_layers);
  if (model.late_fusion) json.set("late_fusion", true);
  return json;
}

/// Reads what `to_json` makes; keys that are left out keep the values of anchor-free-n. @throws FileError for anything
/// else.
inline AnchorFreeModel read_anchor_free_model(const JsonReader& json) {
  json.allow_only({"stem", "widths", "blocks", "pyramid", "head_convs", "levels", "box_bins", "backbone",
                   "first_stride", "squeeze_excite", "encoder_layers", "late_fusion"});
  AnchorFreeModel model{};
  const std::pair<const char*, Index*> numbers[] = {{"stem", &model.stem},
                                                    {"pyramid", &model.pyramid},
                                                    {"head_convs", &model.head_convs},
                                                    {"levels", &model.levels},
                                                    {"first_stride", &model.first_stride},
                                                    {"box_bins", &model.box_bins},
                                                    {"encoder_layers", &model.encoder_layers}};
  for (const auto& [key, number] : numbers) *number = json.get<Index>(key, *number);
  model.backbone = json.get<std::string>("backbone", "");
  model.squeeze_excite = json.get<bool>("squeeze_excite", model.squeeze_excite);
  model.late_fusion = json.get<bool>("late_fusion", model.late_fusion);
  model.widths = json.get<std::vector<Index>>("widths", model.widths);
  model.blocks = json.get<std::vector<Index>>("blocks", model.blocks);
  return model;
}

/// The model that a JSON text describes. @throws FileError for another text, Error for a model without meaning.
inline AnchorFreeModel anchor_free_model_of(std::string_view text) {
  const JsonValue json = parse_json(text, "anchor-free model");
  AnchorFreeModel model = read_anchor_free_model({json, "anchor-free model"});
  check(model);
  return model;
}

/// The description of an anchor-free detector in its file. @throws FileError for that of another kind, or an unfit one.
inline AnchorFreeDescription anchor_free_description(const DetectorFile& file) {
  const std::string architecture = file.architecture();
  require<FileError>(architecture == "anchor-free" || architecture == "dense", file.where(),
                     ": is a model of the architecture '", architecture, "', expected 'anchor-free'");
  file.allow_only({"network", "zoom", "flip_test"});
  DetectorTraits traits = file.traits(AnchorFreeDescription{}.score_threshold);
  AnchorFreeDescription description{.labels = std::move(traits.labels),
                                    .score_threshold = traits.score_threshold,
                                    .pixel_scaling = traits.pixel_scaling,
                                    .sensors = std::move(traits.sensors)};
  description.zoom = file.description().get<double>("zoom", 1);  // g++ 12: what throws above would destroy twice
  description.flip_test = file.description().get<bool>("flip_test", false);
  if (file.description().contains("network"))
    description.model = read_anchor_free_model(file.description().at("network"));
  description.model.channels = traits.channels;
  description.model.classes = static_cast<Index>(description.labels.class_names.size());
  file.checked([&] {
    check(description.model);
    check_zoom(description.zoom);
  });
  return description;
}

}  // namespace amdefect
