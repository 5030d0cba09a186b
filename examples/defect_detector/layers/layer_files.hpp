#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "amdefect/layers/build.hpp"
#include "amdefect/sensors/sensor_traits.hpp"

// Files of layers, as far as this program was compiled with what they need (the CMake option AMDEFECT_HDF5): all
// functions but the first throw an Error where it was not.
namespace amdefect {

/// Whether a path, or one of several with commas between them, names a file of layers by its ending (.h5, .hdf5).
bool is_layer_file(const std::filesystem::path& path);

/// What of a file is opened; see PeregrineOptions.
struct LayerFileOptions {
  std::vector<std::string> channels{};
  bool need_masks = false, numbers = false;
  std::map<std::string, Registration> registrations{};
  std::vector<std::string> left_out{};
  bool may_lack = false;
};
/// The same for a detector that was trained with such channels, whose names take the place of none. @throws Error for
/// channels in another order, or other ones
LayerFileOptions options_for(const SensorTraits& trained, LayerFileOptions options);
Build open_layer_file(const std::filesystem::path& path, const LayerFileOptions& options);

/// What a file holds, for people.
std::string describe_layer_file(const std::filesystem::path& path);

/// A generated file of layers.
struct SynthLayersOptions {
  Shape shape{100, 512, 512};
  std::uint64_t seed = 0;
  std::string packing = "lzf", masks = "classes";
  bool floats = false, overwrite = false;
};
/// Writes a file in Peregrine's layout.
void write_synth_layers(const std::filesystem::path& path, const SynthLayersOptions& options);

}  // namespace amdefect
