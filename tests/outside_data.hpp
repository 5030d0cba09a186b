#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

/// The folder `name` of the data that does not come with the repository (docs/building.md, AMDEFECT_TEST_DATA).
/// Empty where it is not there, which is said aloud: the test is to return.
inline std::filesystem::path outside_data(const std::string& name) {
  const char* root = std::getenv("AMDEFECT_TEST_DATA");
  if (root == nullptr || *root == '\0') {
    MESSAGE("SKIPPED: needs " << name << "/ of outside data, and AMDEFECT_TEST_DATA is not set");
    return {};
  }
  std::filesystem::path folder = std::filesystem::path(root) / name;
  if (std::filesystem::is_directory(folder)) return folder;
  MESSAGE("SKIPPED: " << folder.string() << " is not there");
  return {};
}
