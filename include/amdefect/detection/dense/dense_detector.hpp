#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "amdefect/detection/dense/dense_decode.hpp"
#include "amdefect/detection/dense/dense_description.hpp"
#include "amdefect/detection/dense/dense_network.hpp"
#include "amdefect/detection/dense/dense_pixels.hpp"
#include "amdefect/io/weights.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/train/training_state.hpp"

namespace amdefect {

/// A trained dense network that finds objects in images of any size.
class DenseDetector final : public Detector {
 public:
  /// The network must be that of the description's model, and stay.
  DenseDetector(std::shared_ptr<const Network<float>> network, DenseDescription description,
                const Execution& execution = {})
      : Detector(description.labels, description.model.channels, description.score_threshold),
        network_(std::move(network)),
        model_(std::move(description.model)),
        execution_(execution) {}

  std::vector<Detection> detect(TensorView<const std::uint8_t> image, const DetectOptions& options) const override {
    require_image(image);
    const double min_score = options.min_score.value_or(score_threshold());
    std::unique_ptr<Run> run = take_run();
    run->resize(padded(image.shape()));
    scale_pixels(image, run->x.view());
    run->workspace.forward(run->x.reshape(run->x.shape().batched(1)));
    std::vector<TensorView<const float>> outputs;
    for (std::size_t i = 0; i < network_->outputs().size(); ++i) outputs.push_back(run->workspace.output(i));
    constexpr Index candidates = 3000;  // before the suppression; its time grows with their square
    std::vector<Detection> found = decode_dense<float>(model_, outputs, 0, min_score, candidates);
    give_back(std::move(run));

    const Box frame{0, 0, static_cast<double>(image.dim(1)), static_cast<double>(image.dim(0))};
    for (Detection& detection : found) detection.box = intersection(detection.box, frame);
    std::erase_if(found, [](const Detection& d) { return d.box.width() <= 0 || d.box.height() <= 0; });
    found = non_maximum_suppression(std::move(found), min_score, options.nms_iou);
    if (static_cast<Index>(found.size()) > options.max_detections)
      found.resize(static_cast<std::size_t>(options.max_detections));
    return found;
  }

 private:
  /// What one call needs; kept for the next one.
  struct Run {
    Run(const Network<float>& network, const Execution& execution) : workspace(network, execution) {}
    void resize(const Shape& shape) {
      if (x.shape() != shape) x = Tensor<float>(shape);
    }
    Workspace<float> workspace;
    Tensor<float> x;
  };

  /// Height and width rounded up to what the network takes.
  Shape padded(const Shape& image) const {
    const Index stride = model_.largest_stride();
    const auto up = [stride](Index side) { return (side + stride - 1) / stride * stride; };
    return {up(image[0]), up(image[1]), image[2]};
  }
  std::unique_ptr<Run> take_run() const {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Run>(*network_, execution_);
    std::unique_ptr<Run> run = std::move(idle_.back());
    idle_.pop_back();
    return run;
  }
  void give_back(std::unique_ptr<Run> run) const {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(run));
  }

  std::shared_ptr<const Network<float>> network_;
  DenseModel model_;
  Execution execution_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::vector<std::unique_ptr<Run>> idle_;
};

/// The detector in a weights file that `amdefect train --model dense-...` wrote:
///
///     const auto detector = load_detector("best.safetensors");
///     for (const Detection& d : detector->detect({pixels, {height, width, 3}})) use(d.box, d.score, d.label);
///
/// @throws FileError if the file cannot be read, holds another kind of model, or weights that do not fit it.
inline std::unique_ptr<Detector> load_detector(const SafetensorsFile& file, const Execution& execution = {}) {
  DenseDescription description = dense_description(file);
  auto network = std::make_shared<Network<float>>(dense_network<float>(description.model));
  load_weights(file, network->parameters(), detail::state_prefix);
  return std::make_unique<DenseDetector>(std::move(network), std::move(description), execution);
}
inline std::unique_ptr<Detector> load_detector(const std::filesystem::path& path, const Execution& execution = {}) {
  return load_detector(read_safetensors(path), execution);
}

}  // namespace amdefect
