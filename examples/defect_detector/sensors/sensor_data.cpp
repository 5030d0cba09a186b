#include "sensors/sensor_data.hpp"

#include <iostream>

namespace amdefect {

FurtherChannels further_channels_of(bool layers, const std::string& sensors_file, const SensorTraits& trained,
                                    const std::vector<std::string>& folders) {
  require(!layers || folders.empty(),
          "extra_image_folders is not for files of layers, whose cameras are chosen by their names (channels)");
  if (layers) return {};
  if (sensors_file.empty()) return further_channels(trained, folders);
  require(folders.empty(), "extra_image_folders is given beside sensors, but ", sensors_file,
          " says which folders there are: give one of the two");
  return further_channels(trained, read_sensor_list(sensors_file));
}

void tell_missing(const FurtherChannels& further, const CocoSplit& split) {
  if (!further.reader) return;
  if (const std::string text = missing_pictures_text(*further.reader, split); !text.empty())
    std::cerr << "note: " << text << '\n';
}

std::map<std::string, Registration> registrations_of(const std::string& file) {
  return file.empty() ? std::map<std::string, Registration>{} : read_sensor_list(file).registrations();
}

void add_sensor_option(CLI::App& command, std::string& file) {
  command.add_option("--sensors", file,
                     "JSON file that says where the pictures of further sensors lie (docs/sensors.md)");
}

}  // namespace amdefect
