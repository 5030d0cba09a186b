#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"

namespace amdefect {

/// Whether a file or folder is one that systems leave behind and users do not see: hidden ones (also `._NAME`, where
/// macOS keeps what other file systems have no room for), `__MACOSX`, `Thumbs.db`, `desktop.ini` and the like.
inline bool is_system_name(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 8> known{"__macosx",     "thumbs.db", "ehthumbs.db",
                                                  "desktop.ini",  "@eadir",    "system volume information",
                                                  "$recycle.bin", "lost+found"};
  const std::string name = ascii_lower(path.filename().string());
  return name.starts_with('.') || std::find(known.begin(), known.end(), name) != known.end();
}

namespace detail {

/// Calls `use(entry)` for the entries of a folder, in no order. What the system says if it does not give all of them.
template <class Use>
std::error_code for_each_entry(const std::filesystem::path& folder, const Use& use) {
  std::error_code problem;
  for (std::filesystem::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem))
    use(*entry);
  return problem;
}

}  // namespace detail

enum class EntryKind { file, folder };

/// The files or the folders in a folder, sorted, without those of the system; none if there is no such folder. The
/// empty path is the folder one works in. @throws FileError if it cannot be read, or not to its end.
inline std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder, EntryKind kind) {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  const auto take = [&](const std::filesystem::directory_entry& entry) {
    const bool wanted = kind == EntryKind::file ? entry.is_regular_file(none) : entry.is_directory(none);
    if (wanted && !is_system_name(entry.path())) found.push_back(entry.path());
  };
  const std::error_code problem = detail::for_each_entry(folder.empty() ? "." : folder, take);
  require<FileError>(!problem || !std::filesystem::is_directory(folder, none), folder.string(),
                     ": cannot be read: ", problem.message());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace amdefect
