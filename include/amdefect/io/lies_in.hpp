#pragma once

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace amdefect {

/// Whether a file or folder lies in `folder` or below it, when all links on the way to both are followed. False for one
/// that is not there.
inline bool lies_in(const std::filesystem::path& file, const std::filesystem::path& folder) {
  std::error_code problem;
  const std::filesystem::path real = std::filesystem::canonical(file, problem);
  if (problem) return false;
  const std::filesystem::path around = std::filesystem::canonical(folder.empty() ? "." : folder, problem);
  return !problem && std::mismatch(around.begin(), around.end(), real.begin(), real.end()).first == around.end();
}

}  // namespace amdefect
