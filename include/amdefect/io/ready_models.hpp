#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "amdefect/core/error.hpp"
#include "amdefect/io/file_type.hpp"

/// Trained models that come with amdefect (data/models/README.md), so that one can begin without a training.
namespace amdefect {

/// Their names. `lpbf`: defects in micrographs of parts made by laser powder-bed fusion.
inline constexpr std::array<std::string_view, 1> ready_models{"lpbf"};

/// The variable of the environment that may name the folder of the ready models.
inline constexpr const char* ready_models_variable = "AMDEFECT_MODELS";

/// The folder that the variable names; else share/amdefect/models beside the folder of the program that runs, where
/// both a build and an installation of amdefect have it. Empty where the system does not tell the program's place.
inline std::filesystem::path ready_models_folder() {
  if (const char* folder = std::getenv(ready_models_variable); folder && *folder) return folder;
  std::error_code problem;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", problem);
  return problem ? "" : program.parent_path().parent_path() / "share" / "amdefect" / "models";
}

/// The file of a ready model; empty where it is not installed. @throws Error for an unknown name.
inline std::filesystem::path find_ready_model(std::string_view name) {
  std::string known;
  for (const std::string_view model : ready_models) known += concat(known.empty() ? "" : ", ", model);
  require(std::find(ready_models.begin(), ready_models.end(), name) != ready_models.end(),
          "ready models: there is no '", name, "', expected one of: ", known);
  const std::filesystem::path folder = ready_models_folder();
  std::filesystem::path file = folder / concat(name, ".safetensors");
  return !folder.empty() && is_file(file) ? file : std::filesystem::path();
}

/// A line that says where a ready model that is not installed was looked for.
inline std::string missing_ready_model(std::string_view name) {
  return concat("'", name, "' is not at ", (ready_models_folder() / concat(name, ".safetensors")).string(),
                ", where it is installed beside the program; set ", ready_models_variable,
                " to the folder that holds it (data/models of amdefect's sources)");
}

/// The file of a ready model. @throws FileError that says where it was looked for if it is not installed.
inline std::filesystem::path ready_model_path(std::string_view name) {
  std::filesystem::path file = find_ready_model(name);
  require<FileError>(!file.empty(), "ready models: ", missing_ready_model(name));
  return file;
}

/// Whether a path is the name of a ready model and no file or folder here.
inline bool is_ready_model(const std::filesystem::path& path) {
  return std::find(ready_models.begin(), ready_models.end(), path.string()) != ready_models.end() && !is_there(path);
}

}  // namespace amdefect
