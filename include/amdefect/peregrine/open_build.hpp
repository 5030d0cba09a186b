#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/layers/build.hpp"
#include "amdefect/peregrine/hdf5_chunks.hpp"
#include "amdefect/peregrine/layout_text.hpp"
#include "amdefect/peregrine/peregrine_layout.hpp"
#include "amdefect/peregrine/peregrine_options.hpp"

namespace amdefect {

namespace detail {

/// The numbers of a camera that are black and white: 0 and the largest number of the camera, as a look at some rows
/// tells; bytes are grey levels. @throws FileError if these rows are empty, unless grey levels are for people only
inline GreyRange grey_range(const std::shared_ptr<const Hdf5File>& file, const PeregrineDataSet& camera,
                            bool for_people) {
  if (camera.storage.numbers == Hdf5Numbers::bytes) return {};
  const Hdf5Chunks chunks(file, camera.path);
  const Shape shape = chunks.shape();
  float most = 0;
  for (Index layer = 0; layer < 5; ++layer)
    for (Index row = 1; row < 4; ++row)
      for (const float value : chunks.read_numbers(layer * (shape[0] - 1) / 4, row * (shape[1] - 1) / 4))
        if (std::isfinite(value)) most = std::max(most, value);
  require<FileError>(most > 0 || for_people, file->path().string(), ": '", camera.path,
                     "': the rows that should tell its largest number hold nothing but 0");
  if (camera.storage.numbers == Hdf5Numbers::floats && most <= 2) return {0, 1};  // shares, of which some exceed 1
  for (const double white : {255.0, 1023.0, 4095.0, 16383.0, 65535.0})
    if (static_cast<double>(most) <= white) return {0, white};
  return {0, static_cast<double>(most)};
}

/// The camera of a name; null where it may be missing and is. @throws FileError where it may not, and for one with
/// other pixels than the build that has no registration.
inline const PeregrineDataSet* find_camera(const std::filesystem::path& path, const PeregrineLayout& layout,
                                           const std::string& name, const PeregrineOptions& options) {
  std::vector<std::string> names;
  for (const auto* cameras : {&layout.cameras, &layout.other_cameras})
    for (const PeregrineDataSet& camera : *cameras) {
      if (camera.name == name) {
        require<FileError>(
            cameras == &layout.cameras || options.registrations.contains(name) || options.earlier_places.contains(name),
            path.string(), ": the channel '", name, "' is ", Shape(camera.storage.shape), ", the build ",
            Shape(layout.shape()), ": where they lie has to be said (sensors, docs/sensors.md)");
        return &camera;
      }
      names.push_back(camera.name);
    }
  require<FileError>(options.may_lack, path.string(), ": has no channel '", name, "', but ",
                     names.empty() ? "none at all" : name_list(names));
  return nullptr;
}

/// Where a camera lies whose pixels are not the build's: as it is said, or where it lay. @throws FileError for one that
/// had other pixels when it lay there
inline std::optional<Registration> registration_of(const std::filesystem::path& path, const PeregrineLayout& layout,
                                                   const PeregrineDataSet& camera, const PeregrineOptions& options) {
  if (const auto place = options.registrations.find(camera.name); place != options.registrations.end())
    return place->second;
  const auto earlier = options.earlier_places.find(camera.name);
  if (earlier == options.earlier_places.end()) return std::nullopt;
  const CameraPlace& place = earlier->second;
  const std::vector<Index> build = layout.shape();
  const auto pixels = [](const auto& shape) { return Shape{shape[shape.size() - 2], shape[shape.size() - 1]}; };
  const Shape trained_build{place.height, place.width}, trained_camera{place.camera_height, place.camera_width};
  require<FileError>(pixels(build) == trained_build && pixels(camera.storage.shape) == trained_camera, path.string(),
                     ": the channel '", camera.name, "' is ", pixels(camera.storage.shape), ", the build ",
                     pixels(build), "; in training they were ", trained_camera, " and ", trained_build,
                     ": where they lie has to be said (sensors, docs/sensors.md)");
  return place.registration;
}

/// The names of the channels of a build. @throws FileError for a registration of a camera that is none of them.
inline std::vector<std::string> channel_names(const std::filesystem::path& path, const PeregrineLayout& layout,
                                              const PeregrineOptions& options) {
  std::vector<std::string> names = options.channels;
  if (names.empty()) {
    for (const PeregrineDataSet& camera : layout.cameras) names.push_back(camera.name);
    for (const PeregrineDataSet& camera : layout.other_cameras)
      if (options.registrations.contains(camera.name)) names.push_back(camera.name);
  }
  for (const auto& [name, registration] : options.registrations)
    require<FileError>(std::find(names.begin(), names.end(), name) != names.end(), path.string(),
                       ": it is said where '", name, "' lies (sensors), expected one of the channels ",
                       names.empty() ? "none" : name_list(names));
  return names;
}

}  // namespace detail

/// Opens a file of ORNL's Peregrine. Nothing of the pictures is read but a few rows of those that hold no bytes.
/// @throws FileError for a file that cannot be read, that lacks what is needed, or that has no camera of a name, and
/// for a registration of what is no channel.
inline Build open_peregrine(const std::filesystem::path& path, const PeregrineOptions& options = {}) {
  const auto file = std::make_shared<const Hdf5File>(path);
  const PeregrineLayout layout = discover_layout(*file);
  require<FileError>(
      (!options.need_channels || !layout.cameras.empty()) && (!options.need_masks || !layout.masks.empty()),
      path.string(), ": ", missing_text(layout));
  Build build{path, layout.build_name};
  build.own_numbers = options.numbers;
  build.cache = std::make_shared<ChunkCache>(options.cache_bytes);
  std::map<std::string, std::shared_ptr<const Volume>> volumes;
  const auto volume = [&](const std::string& data_set, const GreyRange& range, bool numbers) {
    std::shared_ptr<const Volume>& found = volumes[data_set];
    if (!found)
      found = std::make_shared<const Volume>(std::make_shared<const Hdf5Chunks>(file, data_set, range, numbers),
                                             build.cache);
    return found;
  };
  const std::vector<std::string> wanted = detail::channel_names(path, layout, options);
  for (const std::string& name : wanted) {
    LayerChannel channel{name, nullptr};
    const auto left_out = std::find(options.left_out.begin(), options.left_out.end(), name);
    const PeregrineDataSet* const camera =
        left_out == options.left_out.end() ? detail::find_camera(path, layout, name, options) : nullptr;
    if (camera) {
      channel.pixels = volume(camera->path, detail::grey_range(file, *camera, options.numbers), options.numbers);
      channel.registration = detail::registration_of(path, layout, *camera, options);
    }
    build.channels.push_back(std::move(channel));
  }
  require<FileError>(
      wanted.empty() || std::any_of(build.channels.begin(), build.channels.end(),
                                    [](const LayerChannel& channel) { return channel.pixels != nullptr; }),
      path.string(), ": has none of the channels ", detail::name_list(wanted));
  for (const PeregrineMask& mask : layout.masks)
    build.masks.push_back({mask.data_set.name, volume(mask.data_set.path, {}, false), mask.value});
  const std::vector<Index> shape = layout.shape();
  if (shape.empty()) return build;
  const auto per_pixel = [](const std::optional<double>& mm, const std::optional<double>& stated, Index pixels) {
    const double count = stated.value_or(static_cast<double>(pixels));
    return mm && count > 0 && *mm > 0 ? *mm / count : 0;
  };
  build.geometry = {per_pixel(layout.width_mm, layout.width_pixels, shape[2]),
                    per_pixel(layout.height_mm, layout.height_pixels, shape[1]), layout.layer_mm.value_or(0)};
  return build;
}

}  // namespace amdefect
