#include "paper/paper_detector.hpp"

#include <cmath>

#include "amdefect/detection/open_detector.hpp"
#include "amdefect/train/training_state.hpp"
#include "paper/paper_dataset.hpp"

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
    require(std::none_of(values, values + classes.dim(1), [](float v) { return std::isnan(v); }),
            "detector: the network gives a NaN: its weights are too large");
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

PaperDetector::PaperDetector(std::shared_ptr<const Network<float>> network, PaperDescription description,
                             const Execution& execution)
    : Detector(DetectorTraits{description.labels, description.channels, 0.5}),
      description_(std::move(description)),
      network_(std::move(network)),
      workspace_(*network_, execution),
      input_({1, description_.img_size, description_.img_size, description_.channels}) {}

std::vector<Detection> PaperDetector::detect(const PixelView& view, const DetectOptions& options) const {
  check_input(view, options);
  const Image image = to_8_bit(view);
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
  require(!options.flip_test.value_or(false),
          "detect: the paper's network has no flip_test: its outputs do not belong to places that "
          "mirror images could be averaged at; the anchor-free detectors have it");
}

SelfTest PaperDetector::self_test() const {
  const std::lock_guard lock(mutex_);
  const Index size = description_.img_size;
  copy_pixels(to_8_bit(self_test_image(size, channels())), input_.reshape({size, size, channels()}));
  workspace_.forward(input_);
  return amdefect::self_test(workspace_);
}

JsonValue::Object PaperDetector::settings() const {
  return {{"img_size", description_.img_size},
          {"fit", description_.fit == FitMode::within ? "within" : "stretch"},
          {"raw_outputs", description_.raw_outputs}};
}

namespace {

std::unique_ptr<Detector> open_paper_detector(const DetectorFile& file) {
  file.allow_only({"img_size", "fit", "raw_outputs"});
  const DetectorTraits traits = file.traits(0.5);
  const JsonReader json = file.description();
  const std::string fit = json.get<std::string>("fit");
  const PaperDescription description{.img_size = json.get<Index>("img_size"),
                                     .channels = traits.channels,
                                     .fit = fit == "within" ? FitMode::within : FitMode::stretch,
                                     .raw_outputs = json.get<bool>("raw_outputs"),
                                     .labels = traits.labels};
  require<FileError>(description.img_size > 0 && (fit == "within" || fit == "stretch"), file.where(),
                     ": its description is not consistent");
  auto network = std::make_shared<Network<float>>(paper_network<float>(
      static_cast<Index>(description.labels.class_names.size()), description.img_size, description.channels));
  load_weights(file.weights(), network->parameters(), {.ignore = is_training_state});
  return std::make_unique<PaperDetector>(std::move(network), description, file.execution());
}

const RegisterDetector opens_paper("paper", open_paper_detector);

}  // namespace

}  // namespace amdefect
