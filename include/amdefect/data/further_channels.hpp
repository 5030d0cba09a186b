#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/data/sensor_pictures.hpp"
#include "amdefect/sensors/sensor_traits.hpp"

namespace amdefect {

/// What a detector is shown beside images in red, green and blue.
struct FurtherChannels {
  std::vector<std::string> folders{};            ///< of pictures with the pixels of the images, see `extra_image_file`
  std::shared_ptr<const SensorReader> reader{};  ///< in their place, of pictures that may be missing or lie elsewhere
};

namespace detail {

/// The parts of a path from its end on: "c", "b", "a" of "a/./b/c/".
inline std::vector<std::string> parts_from_end(const std::filesystem::path& path) {
  std::vector<std::string> parts;
  for (const std::filesystem::path& part : path.lexically_normal())
    if (!part.empty() && part != ".") parts.push_back(part.string());
  std::reverse(parts.begin(), parts.end());
  return parts;
}

/// The channel that a folder is of: the name that ends as it does, and of several the one that does so in most parts.
/// @throws Error for a folder of no channel, or of one as well as of another.
inline std::string channel_of_folder(const std::string& folder, const std::vector<std::string>& names) {
  const std::vector<std::string> parts = parts_from_end(folder);
  std::size_t most = 1;
  std::vector<std::string> found;
  for (const std::string& name : names) {
    if (name == folder) return name;
    const std::vector<std::string> other = parts_from_end(name);
    const auto apart = std::mismatch(parts.begin(), parts.end(), other.begin(), other.end());
    const auto common = static_cast<std::size_t>(apart.first - parts.begin());
    if (common > most) found.clear();
    if (common >= most) found.push_back(name);
    most = std::max(most, common);
  }
  const std::string hint = "; a list of sensors can say which one it is (sensors)";
  require(!found.empty(), "extra_image_folders: '", folder,
          "' is none of the channels that the detector was trained with, ", channel_list(names), hint);
  require(found.size() == 1, "extra_image_folders: '", folder, "' may be of each of the channels ", channel_list(found),
          hint);
  return found.front();
}

/// Folders that a model's file names: nobody knows who wrote it, so they may not lead out of the data set.
inline std::vector<std::string> inside_names(const std::vector<std::string>& names) {
  for (const std::filesystem::path folder : names)
    require(folder.is_relative() && std::find(folder.begin(), folder.end(), "..") == folder.end(),
            "extra_image_folders: the detector was trained with ", channel_list(names),
            ": say where these pictures are");
  return names;
}

}  // namespace detail

/// The further channels of a detector whose pictures lie in folders, which are known by the last part of their names;
/// without any they are those that it was trained with. One that was trained with channel dropout does without those
/// that are not among them. For a detector that knows no names the folders are as they are given.
/// @throws Error for folders of other channels or in another order, and for a detector that wants more than folders.
inline FurtherChannels further_channels(const SensorTraits& trained, std::vector<std::string> folders) {
  if (trained.channel_names.empty() && !trained.own_numbers) return {std::move(folders), nullptr};
  require(!trained.own_numbers, "channels: the detector was trained with the numbers of ",
          detail::channel_list(trained.channel_names), ": say where their pictures are (sensors)");
  const std::vector<std::string> names = names_beyond_rgb(trained.channel_names);
  if (folders.empty()) folders = detail::inside_names(names);
  SensorList list;
  for (const std::string& folder : folders) list.sensors.push_back({detail::channel_of_folder(folder, names), folder});
  auto reader = sensor_reader_for(trained, list);
  if (trained.channel_dropout == 0) return {std::move(folders), nullptr};
  return {{}, std::move(reader)};
}
/// The same for pictures of which a list says where they lie, or the ones of a list for a training.
inline FurtherChannels further_channels(const SensorTraits& trained, const SensorList& list) {
  return {{}, sensor_reader_for(trained, list)};
}

}  // namespace amdefect
