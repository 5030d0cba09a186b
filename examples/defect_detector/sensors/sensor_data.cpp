#include "sensors/sensor_data.hpp"

#include <algorithm>

namespace amdefect {

namespace {

/// Whether a detector's channels are red, green and blue, and those of folders.
bool has_folders(const SensorTraits& trained) {
  return trained.channel_names.size() > 3 && trained.channel_names.front() == "red";
}

}  // namespace

void use_trained_folders(const SensorTraits& trained, std::vector<std::string>& extra_image_folders) {
  if (!has_folders(trained) || trained.own_numbers) return;
  const std::vector<std::string> names(trained.channel_names.begin() + 3, trained.channel_names.end());
  if (extra_image_folders.empty()) extra_image_folders = names;
  const auto last_parts = [](std::vector<std::string> folders) {
    for (std::string& folder : folders) folder = std::filesystem::path(folder).filename().string();
    return folders;
  };
  const std::vector<std::string> expected = last_parts(names), found = last_parts(extra_image_folders);
  require(expected == found || !std::is_permutation(expected.begin(), expected.end(), found.begin(), found.end()),
          "extra_image_folders: the detector was trained with ", detail::channel_list(names), " in this order, got ",
          detail::channel_list(extra_image_folders));
}

std::shared_ptr<const SensorReader> sensor_reader_of(const std::string& file, const SensorTraits& trained,
                                                     const std::vector<std::string>& extra_image_folders) {
  if (!file.empty()) return sensor_reader_for(trained, read_sensor_list(file));
  require(!trained.own_numbers || !has_folders(trained), "sensors: the detector was trained with the channels ",
          detail::channel_list(trained.channel_names), ": say where their pictures are (--sensors FILE)");
  if (!has_folders(trained) || trained.channel_dropout == 0) return nullptr;
  SensorList list;
  for (std::size_t i = 0; i < extra_image_folders.size(); ++i)
    list.sensors.push_back({trained.channel_names.at(i + 3), extra_image_folders[i]});
  return sensor_reader_for(trained, list);
}

std::map<std::string, Registration> registrations_of(const std::string& file) {
  return file.empty() ? std::map<std::string, Registration>{} : read_sensor_list(file).registrations();
}

void add_sensor_option(CLI::App& command, std::string& file) {
  command.add_option("--sensors", file,
                     "JSON file that says where the pictures of further sensors lie (docs/sensors.md)");
}

}  // namespace amdefect
