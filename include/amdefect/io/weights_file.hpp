#pragma once

#include <filesystem>

#include "amdefect/io/file_type.hpp"

namespace amdefect {

/// The weights that a path means: the file itself, or the best ones in the folder of a run.
inline std::filesystem::path weights_file(const std::filesystem::path& path) {
  return is_folder(path) ? path / "best.safetensors" : path;
}

}  // namespace amdefect
