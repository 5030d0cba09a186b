#include "paper/paper_detector.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/train/training_state.hpp"
#include "paper/paper_dataset.hpp"
#include "precompiled.hpp"

namespace amdefect {

namespace {

/// The network's outputs of one image as detections in pixels of the network's input: score = largest class value,
/// class = its position. Slots with a box without extent are left out.
std::vector<Detection> decode_paper_outputs(TensorView<const float> classes, TensorView<const float> boxes,
                                            Index img_size, bool raw_outputs) {
  std::vector<Detection> detections;
  for (Index slot = 0; slot < classes.dim(0); ++slot) {
    const float* values = classes.data() + slot * classes.dim(1);
    const Index label = std::max_element(values, values + classes.dim(1)) - values;
    const auto value = static_cast<double>(values[label]);
    const auto edge = [&](Index i) {
      return std::clamp(static_cast<double>(boxes(slot, i)), 0.0, 1.0) * static_cast<double>(img_size);
    };
    const Detection detection{
        {edge(0), edge(1), edge(2), edge(3)}, raw_outputs ? value : 1 / (1 + std::exp(-value)), label};
    if (detection.box.width() > 0 && detection.box.height() > 0) detections.push_back(detection);
  }
  return detections;
}

}  // namespace

SafetensorsMetadata ModelDescription::metadata() const {
  const nlohmann::ordered_json json{{"architecture", architecture},
                                    {"img_size", img_size},
                                    {"channels", channels},
                                    {"fit", fit == FitMode::within ? "within" : "stretch"},
                                    {"raw_outputs", raw_outputs},
                                    {"class_names", labels.class_names},
                                    {"category_ids", labels.category_ids},
                                    {"box_offset", labels.box_offset}};
  return {{metadata_key, json.dump()}};
}

ModelDescription ModelDescription::of(const SafetensorsFile& file) {
  const auto found = file.metadata().find(metadata_key);
  require<FileError>(found != file.metadata().end(), "model: ", file.path().string(),
                     ": holds weights but no description of the model ('", metadata_key,
                     "' in its metadata); was it written by 'amdefect train'?");
  try {
    const auto json = nlohmann::json::parse(found->second);
    ModelDescription description{
        .architecture = json.at("architecture"),
        .img_size = json.at("img_size"),
        .channels = json.at("channels"),
        .fit = json.at("fit") == "within" ? FitMode::within : FitMode::stretch,
        .raw_outputs = json.at("raw_outputs"),
        .labels = {json.at("class_names"), json.at("category_ids"), json.value("box_offset", 0.0)}};
    require<FileError>(description.architecture == "paper", "model: ", file.path().string(), ": unknown architecture '",
                       description.architecture, "'");
    require<FileError>(description.labels.class_names.size() == description.labels.category_ids.size() &&
                           !description.labels.class_names.empty() && description.img_size > 0 &&
                           description.channels > 0,
                       "model: ", file.path().string(), ": its description is not consistent");
    return description;
  } catch (const nlohmann::json::exception& error) {
    throw FileError(concat("model: ", file.path().string(), ": bad description: ", error.what()));
  }
}

PaperDetector::PaperDetector(std::shared_ptr<const Network<float>> network, ModelDescription description,
                             const Execution& execution)
    : Detector(description.labels, description.channels, 0.5),
      description_(std::move(description)),
      network_(std::move(network)),
      workspace_(*network_, execution),
      input_({1, description_.img_size, description_.img_size, description_.channels}) {}

std::vector<Detection> PaperDetector::detect(TensorView<const std::uint8_t> view, const DetectOptions& options) const {
  check_input(view, options);
  Image image(view.dim(0), view.dim(1), view.dim(2));
  std::copy(view.begin(), view.end(), image.bytes().begin());
  const std::lock_guard lock(mutex_);
  const Index size = description_.img_size;
  const Letterbox letterbox = fit_letterbox(image.height(), image.width(), size, size, description_.fit);
  copy_pixels(letterbox_image(image, letterbox), input_.reshape({size, size, description_.channels}));
  workspace_.forward(input_);
  const TensorView<const float> classes = workspace_.output(0), boxes = workspace_.output(1);
  std::vector<Detection> found = decode_paper_outputs(
      classes.reshape(classes.shape().sample()), boxes.reshape(boxes.shape().sample()), size, description_.raw_outputs);
  const Box frame{0, 0, static_cast<double>(image.width()), static_cast<double>(image.height())};
  for (Detection& detection : found) detection.box = intersection(letterbox.unmap(detection.box), frame);
  std::erase_if(found, [](const Detection& d) { return d.box.width() <= 0 || d.box.height() <= 0; });
  return select(std::move(found), options);
}

void PaperDetector::check_options(const DetectOptions& options) const {
  Detector::check_options(options);
  require(!options.flip_test,
          "detect: the paper's network has no flip_test: its outputs do not belong to places that "
          "mirror images could be averaged at; the anchor-free detectors have it");
}

SafetensorsMetadata blob_metadata(const BlobDescription& d) {
  const nlohmann::ordered_json json{{"architecture", "blob"},
                                    {"channels", d.channels},
                                    {"class_names", d.labels.class_names},
                                    {"category_ids", d.labels.category_ids},
                                    {"box_offset", d.labels.box_offset},
                                    {"score_threshold", d.score_threshold},
                                    {"label", d.label},
                                    {"window", d.model.window},
                                    {"threshold", d.model.threshold},
                                    {"least_area", d.model.least_area},
                                    {"dark", d.model.dark}};
  return {{ModelDescription::metadata_key, json.dump()}};
}

namespace {

std::unique_ptr<Detector> blob_detector(const nlohmann::json& json, const std::filesystem::path& path) {
  try {
    return std::make_unique<BlobDetector>(
        BlobModel{json.at("window"), json.at("threshold"), json.at("least_area"), json.at("dark")},
        DetectorLabels{json.at("class_names"), json.at("category_ids"), json.at("box_offset")},
        json.at("label").get<Index>(), json.at("channels").get<Index>(), json.at("score_threshold").get<double>());
  } catch (const nlohmann::json::exception& error) {
    throw FileError(concat("model: ", path.string(), ": bad description: ", error.what()));
  }
}

}  // namespace

std::unique_ptr<Detector> open_detector(const std::filesystem::path& path, const Execution& execution) {
  const SafetensorsFile file = read_safetensors(path);
  const auto text = file.metadata().find(ModelDescription::metadata_key);
  const auto json =
      text == file.metadata().end() ? nlohmann::json() : nlohmann::json::parse(text->second, nullptr, false);
  const std::string architecture = json.is_object() ? json.value("architecture", "") : "";
  if (architecture == "dense") return load_detector(file, execution);
  if (architecture == "blob") return blob_detector(json, path);
  ModelDescription description = ModelDescription::of(file);
  auto network = std::make_shared<Network<float>>(paper_network<float>(
      static_cast<Index>(description.labels.class_names.size()), description.img_size, description.channels));
  load_weights(file, network->parameters(), {.ignore = is_training_state});
  return std::make_unique<PaperDetector>(std::move(network), std::move(description), execution);
}

}  // namespace amdefect
