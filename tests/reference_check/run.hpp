#pragma once

#include <filesystem>
#include <ostream>

namespace amdefect::reference_check {

/// Runs one case in float64 and float32 and prints its line: op, case, and per precision the error nearest to its
/// tolerance. A file that cannot be read, an op that is not known and a result that is not computed are failures.
bool check_file(const std::filesystem::path& path, std::ostream& out);

/// Runs all *.safetensors of a folder; ends with 'N passed, N failed'. Returns whether none failed.
/// @throws Error if there are no cases.
bool check_folder(const std::filesystem::path& folder, std::ostream& out);

}  // namespace amdefect::reference_check
