#include <algorithm>
#include <filesystem>
#include <iostream>

#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/list_folder.hpp"
#include "fuzz_target.hpp"

/// Runs every target over the inputs in its folder of the corpus, among them all that fuzzing once found. An input that
/// breaks a promise ends the program.
int main() {
  std::size_t targets = 0, inputs = 0;
  for (const FuzzTarget& target : fuzz_targets()) {
    const std::filesystem::path folder = std::filesystem::path(FUZZ_CORPUS) / target.name;
    std::size_t own = 0;
    for (const std::filesystem::path& file : amdefect::list_folder(folder, amdefect::EntryKind::file)) {
      const amdefect::Bytes input = amdefect::read_bytes(file);
      std::cout << target.name << ": " << file.filename().string() << std::endl;  // before it may crash
      run_fuzz_target(target, input);
      ++own;
    }
    if (own == 0) {
      std::cout << target.name << ": has no inputs in " << folder.string() << '\n';
      return 1;
    }
    ++targets;
    inputs += own;
  }
  std::cout << targets << " targets, " << inputs << " inputs\n";
  return targets > 0 ? 0 : 1;
}
