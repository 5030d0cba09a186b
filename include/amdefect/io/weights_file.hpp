#pragma once

#include <filesystem>
#include <system_error>

namespace amdefect {

/// The weights that a path means: the file itself, or the best ones in the folder of a run.
inline std::filesystem::path weights_file(const std::filesystem::path& path) {
  std::error_code none;
  return std::filesystem::is_directory(path, none) ? path / "best.safetensors" : path;
}

}  // namespace amdefect
