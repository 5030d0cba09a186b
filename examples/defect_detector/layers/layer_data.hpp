#pragma once

#include <CLI/CLI.hpp>

#include "amdefect/layers/layered_data.hpp"
#include "layers/layer_config.hpp"
#include "layers/layer_files.hpp"
#include "sensors/sensor_data.hpp"

namespace amdefect {

/// The data set of files of layers, where `path` names any: a file, several with commas between them, or a folder of
/// them; else nothing, and its `pictures` are empty. `trained`: of the detector that looks at them.
LayeredData layered_data_of(const std::string& path, const LayerConfig& config, const SensorConfig& sensors,
                            const SensorTraits& trained = {});

/// The options of such data sets, for commands that do not train.
void add_layer_options(CLI::App& command, LayerConfig& config);

/// What `amdefect inspect` says of such a data set.
void print_layer_inspection(const LayeredData& data);

}  // namespace amdefect
