#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/layers/build.hpp"
#include "amdefect/peregrine/hdf5_chunks.hpp"
#include "amdefect/peregrine/layout_text.hpp"
#include "amdefect/peregrine/peregrine_layout.hpp"

namespace amdefect {

/// What of a Peregrine file is opened.
struct PeregrineOptions {
  /// Names of cameras in the order of the channels, e.g. {"visible/0", "visible/1"}; one may come several times. Empty:
  /// all that there are.
  std::vector<std::string> channels{};
  bool need_channels = true, need_masks = false;
  std::size_t cache_bytes = std::size_t{256} << 20;  ///< of unpacked chunks, where nothing asks for more
};

namespace detail {

/// The numbers of a camera that are black and white: 0 and the largest number of the camera, as a look at some rows
/// tells; bytes are grey levels. @throws FileError if these rows are empty
inline GreyRange grey_range(const std::shared_ptr<const Hdf5File>& file, const PeregrineDataSet& camera) {
  if (camera.storage.numbers == Hdf5Numbers::bytes) return {};
  const Hdf5Chunks chunks(file, camera.path);
  const Shape shape = chunks.shape();
  float most = 0;
  for (Index layer = 0; layer < 5; ++layer)
    for (Index row = 1; row < 4; ++row)
      for (const float value : chunks.read_numbers(layer * (shape[0] - 1) / 4, row * (shape[1] - 1) / 4))
        if (std::isfinite(value)) most = std::max(most, value);
  require<FileError>(most > 0, file->path().string(), ": '", camera.path,
                     "': the rows that should tell its largest number hold nothing but 0");
  if (camera.storage.numbers == Hdf5Numbers::floats && most <= 2) return {0, 1};  // shares, of which some exceed 1
  for (const double white : {255.0, 1023.0, 4095.0, 16383.0, 65535.0})
    if (static_cast<double>(most) <= white) return {0, white};
  return {0, static_cast<double>(most)};
}

}  // namespace detail

/// Opens a file of ORNL's Peregrine. Nothing of the pictures is read but a few rows of those that hold no bytes.
/// @throws FileError for a file that cannot be read, that lacks what is needed, or that has no camera of a name.
inline Build open_peregrine(const std::filesystem::path& path, const PeregrineOptions& options = {}) {
  const auto file = std::make_shared<const Hdf5File>(path);
  const PeregrineLayout layout = discover_layout(*file);
  require<FileError>(
      (!options.need_channels || !layout.cameras.empty()) && (!options.need_masks || !layout.masks.empty()),
      path.string(), ": ", missing_text(layout));
  Build build{path, layout.build_name};
  build.cache = std::make_shared<ChunkCache>(options.cache_bytes);
  std::map<std::string, std::shared_ptr<const Volume>> volumes;
  const auto volume = [&](const std::string& data_set, const GreyRange& range) {
    std::shared_ptr<const Volume>& found = volumes[data_set];
    if (!found)
      found = std::make_shared<const Volume>(std::make_shared<const Hdf5Chunks>(file, data_set, range), build.cache);
    return found;
  };
  std::vector<std::string> wanted = options.channels, names;
  for (const PeregrineDataSet& camera : layout.cameras) names.push_back(camera.name);
  if (wanted.empty()) wanted = names;
  for (const std::string& name : wanted) {
    const auto camera = std::find_if(layout.cameras.begin(), layout.cameras.end(),
                                     [&](const PeregrineDataSet& set) { return set.name == name; });
    require<FileError>(camera != layout.cameras.end(), path.string(), ": has no channel '", name, "', but ",
                       names.empty() ? "none at all" : detail::name_list(names));
    build.channels.push_back({name, volume(camera->path, detail::grey_range(file, *camera))});
  }
  for (const PeregrineMask& mask : layout.masks)
    build.masks.push_back({mask.data_set.name, volume(mask.data_set.path, {}), mask.value});
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
