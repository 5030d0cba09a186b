#include "layers/layer_files.hpp"

namespace amdefect {

namespace {

[[noreturn]] void refuse() {
  throw Error("files of layers (.h5) need libhdf5, without which this program was compiled: cmake -D AMDEFECT_HDF5=ON");
}

}  // namespace

Build open_layer_file(const std::filesystem::path&, const PeregrineOptions&) { refuse(); }
std::string describe_layer_file(const std::filesystem::path&) { refuse(); }
void write_synth_layers(const std::filesystem::path&, const SynthLayersOptions&) { refuse(); }

}  // namespace amdefect
