#pragma once

#include <filesystem>

#include "amdefect/io/file_type.hpp"
#include "amdefect/io/ready_models.hpp"

namespace amdefect {

/// The weights that a path means: the file itself, the best ones in the folder of a run, or, where neither is there,
/// the ready model of that name. @throws FileError for a ready model that is not installed.
inline std::filesystem::path weights_file(const std::filesystem::path& path) {
  if (is_ready_model(path)) return ready_model_path(path.string());
  return is_folder(path) ? path / "best.safetensors" : path;
}

}  // namespace amdefect
