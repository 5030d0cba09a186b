#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "amdefect/detection/detector.hpp"
#include "amdefect/image/letterbox.hpp"
#include "amdefect/nn/weights.hpp"
#include "amdefect/nn/workspace.hpp"
#include "paper/paper_network.hpp"

namespace amdefect {

/// What has to be known besides the weights to use a trained network; stored with them.
struct PaperDescription {
  Index img_size = 416, channels = 3;
  FitMode fit = FitMode::within;
  bool raw_outputs = false;  ///< trained with the published BCE on raw outputs: scores are not passed through a sigmoid
  DetectorLabels labels{};
};

/// A trained network of the paper that finds objects in images of any size. Calls wait for each other. Pixels are
/// looked at with 8 bits.
class PaperDetector final : public Detector {
 public:
  PaperDetector(std::shared_ptr<const Network<float>> network, PaperDescription description,
                const Execution& execution = {});

  std::vector<Detection> detect(const PixelView& image, const DetectOptions& options) const override;
  void check_options(const DetectOptions& options) const override;
  /// The network's outputs for an image of the one size that it takes.
  SelfTest self_test() const override;

 protected:
  std::string architecture() const override { return "paper"; }
  JsonValue::Object settings() const override;
  std::vector<TensorEntry> weights() const override { return weight_entries(network_->parameters()); }

 private:
  PaperDescription description_;
  std::shared_ptr<const Network<float>> network_;
  mutable std::mutex mutex_;  // guards what follows
  mutable Workspace<float> workspace_;
  mutable Tensor<float> input_;
};

}  // namespace amdefect
