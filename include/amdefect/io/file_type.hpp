#pragma once

#include <filesystem>
#include <system_error>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// What stands at a path, where a link counts as what it leads to; `not_found` if there is nothing.
/// @throws FileError if the system does not tell, because of a folder that may not be entered or a name that is too
/// long, for example.
inline std::filesystem::file_type file_type(const std::filesystem::path& path) {
  std::error_code problem;
  const std::filesystem::file_type type = std::filesystem::status(path, problem).type();
  require<FileError>(type != std::filesystem::file_type::none, "cannot look at '", path.string(),
                     "': ", problem.message());
  return type;
}

/// Whether there is anything at the path; this and the next two throw as `file_type` does.
inline bool is_there(const std::filesystem::path& path) {
  return file_type(path) != std::filesystem::file_type::not_found;
}
inline bool is_file(const std::filesystem::path& path) {
  return file_type(path) == std::filesystem::file_type::regular;
}
inline bool is_folder(const std::filesystem::path& path) {
  return file_type(path) == std::filesystem::file_type::directory;
}

/// The whole path from the root. @throws FileError where the folder that one works in is gone.
inline std::filesystem::path absolute_path(const std::filesystem::path& path) {
  std::error_code problem;
  std::filesystem::path whole = std::filesystem::absolute(path, problem);
  require<FileError>(!problem, "cannot find '", path.string(), "' from the folder one works in: ", problem.message());
  return whole;
}

}  // namespace amdefect
