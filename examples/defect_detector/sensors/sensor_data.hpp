#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "amdefect/data/further_channels.hpp"
#include "sensors/sensor_config.hpp"

namespace amdefect {

/// What is seen beside the pictures of a data set, in training (`trained` is empty) or by a detector that was trained
/// with it: that of the list in a file, if there is one, or of folders; beside files of layers, `layers`, nothing.
/// @throws Error for both, for folders beside layers, and what `further_channels` throws
FurtherChannels further_channels_of(bool layers, const std::string& sensors_file, const SensorTraits& trained,
                                    const std::vector<std::string>& folders);

/// Tells which pictures of a split are missing.
void tell_missing(const FurtherChannels& further, const CocoSplit& split);

/// Where the cameras of a list lie; empty without a file.
std::map<std::string, Registration> registrations_of(const std::string& file);

/// The option of commands that do not train.
void add_sensor_option(CLI::App& command, std::string& file);

}  // namespace amdefect
