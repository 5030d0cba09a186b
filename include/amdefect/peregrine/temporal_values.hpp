#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/layers/layer_values.hpp"
#include "amdefect/peregrine/layout_text.hpp"
#include "amdefect/peregrine/peregrine_layout.hpp"

namespace amdefect {

/// The numbers that a Peregrine file has for each layer as a whole (`temporal/*`): those of the names, in their order,
/// or all. @throws FileError for a name that is not there, and for numbers that cannot be read.
inline std::vector<LayerValues> read_layer_values(const Hdf5File& file, const PeregrineLayout& layout,
                                                  const std::vector<std::string>& names = {}) {
  std::vector<std::string> there;
  for (const PeregrineDataSet& sensor : layout.temporal) there.push_back(sensor.name);
  std::vector<LayerValues> values;
  for (const std::string& name : names.empty() ? there : names) {
    const auto found = std::find(there.begin(), there.end(), name);
    require<FileError>(found != there.end(), file.path().string(), ": has no values of each layer called '", name,
                       "', but ", there.empty() ? "none at all" : detail::name_list(there));
    const auto place = static_cast<std::size_t>(found - there.begin());
    values.push_back({name, file.numbers(layout.temporal[place].path)});
  }
  return values;
}
inline std::vector<LayerValues> read_layer_values(const std::filesystem::path& path,
                                                  const std::vector<std::string>& names = {}) {
  const Hdf5File file(path);
  return read_layer_values(file, discover_layout(file), names);
}

}  // namespace amdefect
