#include "sensors/sensor_data.hpp"

#include <algorithm>
#include <iostream>

namespace amdefect {

namespace {

/// @throws Error if folders are those that a detector was trained with, but in another order
void check_order(const std::vector<std::string>& trained, const std::vector<std::string>& given) {
  const auto last_parts = [](std::vector<std::string> folders) {
    for (std::string& folder : folders) folder = std::filesystem::path(folder).filename().string();
    return folders;
  };
  const std::vector<std::string> expected = last_parts(trained), found = last_parts(given);
  require(expected == found || !std::is_permutation(expected.begin(), expected.end(), found.begin(), found.end()),
          "extra_image_folders: the detector was trained with ", detail::channel_list(trained), " in this order, got ",
          detail::channel_list(given));
}

/// Folders that a model's file names: nobody knows who wrote it, so they may not lead out of the data set.
std::vector<std::string> inside_names(const std::vector<std::string>& names) {
  for (const std::filesystem::path folder : names)
    require(folder.is_relative() && std::find(folder.begin(), folder.end(), "..") == folder.end(),
            "extra_image_folders: the detector was trained with ", detail::channel_list(names),
            ": say where these pictures are");
  return names;
}

/// A list of folders whose pictures have the pixels of the images.
SensorList list_of(const std::vector<std::string>& names, const std::vector<std::string>& folders) {
  SensorList list;
  for (std::size_t i = 0; i < folders.size() && i < names.size(); ++i) list.sensors.push_back({names[i], folders[i]});
  return list;
}

}  // namespace

FurtherChannels::FurtherChannels(const std::string& sensors_file, const SensorTraits& trained,
                                 std::vector<std::string> given)
    : folders(std::move(given)) {
  if (!sensors_file.empty()) {
    reader = sensor_reader_for(trained, read_sensor_list(sensors_file));
    return;
  }
  const std::vector<std::string> names = names_beyond_rgb(trained.channel_names);
  if (names.empty()) return;
  require(!trained.own_numbers, "sensors: the detector was trained with the channels ",
          detail::channel_list(trained.channel_names), ": say where their pictures are (--sensors FILE)");
  if (folders.empty()) folders = inside_names(names);
  check_order(names, folders);
  if (trained.channel_dropout > 0) reader = sensor_reader_for(trained, list_of(names, folders));
}

PictureSource FurtherChannels::pictures(const CocoSplit& split) const {
  if (!reader) return {};
  if (const std::string text = missing_pictures_text(*reader, split); !text.empty())
    std::cerr << "note: " << text << "; their pixels are taken to be the mean that was measured in training\n";
  return sensor_pictures(reader);
}

std::map<std::string, Registration> registrations_of(const std::string& file) {
  return file.empty() ? std::map<std::string, Registration>{} : read_sensor_list(file).registrations();
}

void add_sensor_option(CLI::App& command, std::string& file) {
  command.add_option("--sensors", file,
                     "JSON file that says where the pictures of further sensors lie (docs/sensors.md)");
}

}  // namespace amdefect
