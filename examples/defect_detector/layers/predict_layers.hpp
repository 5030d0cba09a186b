#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "amdefect/detection/detector.hpp"
#include "layers/layer_config.hpp"

namespace amdefect {

/// What `amdefect predict` is asked for files of layers.
struct PredictLayersConfig {
  std::string layers;
  std::vector<std::string> channels;
  std::string sensors;  ///< see SensorConfig
};

void add_predict_layers_options(CLI::App& command, PredictLayersConfig& config);

/// `amdefect predict FILE.h5`. Returns the exit code.
int predict_layer_file(const Detector& detector, const std::filesystem::path& file, const std::filesystem::path& output,
                       const DetectOptions& detect, bool overwrite, const PredictLayersConfig& config);

}  // namespace amdefect
