#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "amdefect/layers/build.hpp"
#include "amdefect/peregrine/peregrine_options.hpp"

// Files of layers, as far as this program was compiled with what they need (the CMake option AMDEFECT_HDF5): all
// functions but the first throw an Error where it was not.
namespace amdefect {

/// Whether a path, or one of several with commas between them, names a file of layers by its ending (.h5, .hdf5).
bool is_layer_file(const std::filesystem::path& path);

Build open_layer_file(const std::filesystem::path& path, const PeregrineOptions& options);

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
