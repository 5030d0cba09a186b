#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/data/letterbox.hpp"
#include "amdefect/detection/nms.hpp"
#include "amdefect/io/weights.hpp"
#include "amdefect/nn/workspace.hpp"
#include "paper_network.hpp"

namespace amdefect {

/// What has to be known besides the weights to use a trained network; stored with them.
struct ModelDescription {
  std::string architecture = "paper";
  Index img_size = 416, channels = 3;
  FitMode fit = FitMode::within;
  bool raw_outputs = false;  ///< trained with the published BCE on raw outputs: scores are not passed through a sigmoid
  std::vector<std::string> class_names{};
  std::vector<std::int64_t> category_ids{};

  /// Key of the description in the metadata of a weights file.
  static constexpr const char* metadata_key = "amdefect";

  SafetensorsMetadata metadata() const;

  /// @throws FileError if the file holds no description or an unfit one.
  static ModelDescription of(const SafetensorsFile& file);
};

/// A trained network of the paper that finds objects in images of any size. Not for several threads at once: each makes
/// a detector of its own over the same network.
class PaperDetector {
 public:
  /// The network must outlive the detector.
  PaperDetector(const Network<float>& network, ModelDescription description, const Execution& execution = {})
      : description_(std::move(description)),
        workspace_(network, execution),
        input_({1, description_.img_size, description_.img_size, description_.channels}) {}

  const ModelDescription& description() const { return description_; }

  /// Objects with a score above `min_score` after non-maximum suppression at `nms_iou` (the paper: 0.5 and 0.5), in
  /// pixels of the image, best first.
  std::vector<Detection> detect(const Image& image, double min_score, double nms_iou = 0.5);

 private:
  ModelDescription description_;
  Workspace<float> workspace_;
  Tensor<float> input_;
};

/// A network with its weights from a file that `amdefect train` wrote. @throws FileError
struct LoadedModel {
  explicit LoadedModel(const std::filesystem::path& path) : LoadedModel(read_safetensors(path)) {}

  ModelDescription description;
  Network<float> network;

 private:
  explicit LoadedModel(const SafetensorsFile& file);
};

}  // namespace amdefect
