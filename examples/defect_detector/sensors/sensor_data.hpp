#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/data/sensor_pictures.hpp"
#include "sensors/sensor_config.hpp"

namespace amdefect {

/// The reader of the sensors beside image files that a detector was trained with, or, in training, of all in the list;
/// null where there are none. A detector with channel dropout may also do without pictures of `extra_image_folders`.
std::shared_ptr<const SensorReader> sensor_reader_of(const std::string& file, const SensorTraits& trained,
                                                     const std::vector<std::string>& extra_image_folders);

/// Gives the folders of further channels the names of those that a detector was trained with, where none are given.
/// @throws Error if they are the same ones in another order
void use_trained_folders(const SensorTraits& trained, std::vector<std::string>& extra_image_folders);

/// Where the cameras of a list lie; empty without a file.
std::map<std::string, Registration> registrations_of(const std::string& file);

/// The option of commands that do not train.
void add_sensor_option(CLI::App& command, std::string& file);

}  // namespace amdefect
