#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/data/sensor_pictures.hpp"
#include "sensors/sensor_config.hpp"

namespace amdefect {

/// What is seen beside the pictures of a data set, in training (`trained` is empty) or by a detector that was trained
/// with it.
struct FurtherChannels {
  std::vector<std::string> folders;            ///< `extra_image_folders`; where none are given, those of the detector
  std::shared_ptr<const SensorReader> reader;  ///< in place of the folders; null: none is wanted

  /// @throws Error for the same channels in another order, or where a detector needs a list of sensors that is not
  /// given
  FurtherChannels(const std::string& sensors_file, const SensorTraits& trained, std::vector<std::string> given);
  /// Those of the reader; tells of what is missing.
  PictureSource pictures(const CocoSplit& split) const;
};

/// Where the cameras of a list lie; empty without a file.
std::map<std::string, Registration> registrations_of(const std::string& file);

/// The option of commands that do not train.
void add_sensor_option(CLI::App& command, std::string& file);

}  // namespace amdefect
