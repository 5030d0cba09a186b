#include "layers/layer_files.hpp"

#include "amdefect/core/number_text.hpp"

namespace amdefect {

bool is_layer_file(const std::filesystem::path& path) {
  const std::string ending = ascii_lower(path.extension().string());
  return ending == ".h5" || ending == ".hdf5";
}

}  // namespace amdefect
