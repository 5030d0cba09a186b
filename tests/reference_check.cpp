// reference_check DIR: runs every reference case (*.safetensors) of a folder in float64 and float32 and compares the
// results within the tolerances of the folder's README. Exit code 1 if a case failed, 2 if there are none;
// with --skip-if-absent 77 if there is no such folder.

#include "reference_check/run.hpp"

#include <exception>
#include <filesystem>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  const bool may_skip = argc == 3 && std::string_view(argv[1]) == "--skip-if-absent";
  if (argc != 2 && !may_skip) {
    std::cerr << "usage: reference_check [--skip-if-absent] DIR\n";
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[argc - 1];
    if (may_skip && !std::filesystem::exists(folder)) {
      std::cout << "SKIPPED: there are no reference cases at " << folder.string() << '\n';
      return 77;
    }
    return amdefect::reference_check::check_folder(folder, std::cout) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "reference_check: " << error.what() << '\n';
    return 2;
  }
}
