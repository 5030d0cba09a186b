#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "amdefect/detection/blob_detector.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/image/letterbox.hpp"
#include "amdefect/nn/weights.hpp"
#include "amdefect/nn/workspace.hpp"
#include "paper/paper_network.hpp"

namespace amdefect {

/// What has to be known besides the weights to use a trained network; stored with them.
struct ModelDescription {
  std::string architecture = "paper";
  Index img_size = 416, channels = 3;
  FitMode fit = FitMode::within;
  bool raw_outputs = false;  ///< trained with the published BCE on raw outputs: scores are not passed through a sigmoid
  DetectorLabels labels{};

  /// Key of the description in the metadata of a weights file.
  static constexpr const char* metadata_key = "amdefect";

  SafetensorsMetadata metadata() const;

  /// @throws FileError if the file holds no description or an unfit one.
  static ModelDescription of(const SafetensorsFile& file);
};

/// A trained network of the paper that finds objects in images of any size. Calls wait for each other.
class PaperDetector final : public Detector {
 public:
  PaperDetector(std::shared_ptr<const Network<float>> network, ModelDescription description,
                const Execution& execution = {});

  std::vector<Detection> detect(TensorView<const std::uint8_t> image, const DetectOptions& options) const override;
  void check_options(const DetectOptions& options) const override;

 private:
  ModelDescription description_;
  std::shared_ptr<const Network<float>> network_;
  mutable std::mutex mutex_;  // guards what follows
  mutable Workspace<float> workspace_;
  mutable Tensor<float> input_;
};

/// What makes up a BlobDetector; its file holds nothing else.
struct BlobDescription {
  BlobModel model;
  DetectorLabels labels;
  Index label = 0, channels = 3;
  double score_threshold = 0;
};
SafetensorsMetadata blob_metadata(const BlobDescription& description);

/// The detector in a weights file that `amdefect train` wrote, whatever its architecture. @throws FileError
std::unique_ptr<Detector> open_detector(const std::filesystem::path& path, const Execution& execution = {});

}  // namespace amdefect
