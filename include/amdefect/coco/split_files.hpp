#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <vector>

#include "amdefect/coco/split_names.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/list_folder.hpp"

namespace amdefect::detail {

inline std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files = list_folder(folder, EntryKind::file);
  std::erase_if(files, [](const auto& file) { return ascii_lower(file.extension().string()) != ".json"; });
  return files;
}
inline std::vector<std::filesystem::path> annotation_folders(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> folders = list_folder(folder, EntryKind::folder);
  std::erase_if(folders, [](const auto& path) { return !is_annotation_folder(path); });
  return folders;
}
/// The folder of the data set to which an annotation file belongs, by the names of the folders around it.
inline std::filesystem::path data_set_of(const std::filesystem::path& annotation_file) {
  std::filesystem::path folder = absolute_path(annotation_file).lexically_normal().parent_path();
  if (is_annotation_folder(folder)) folder = folder.parent_path();
  const NamedSplit named = split_of_name(folder.filename().string());
  return named.split.empty() || named.rank > 2 ? folder : folder.parent_path();
}
inline std::string names_of(const std::vector<std::filesystem::path>& files) {
  std::string text;
  for (const std::filesystem::path& file : files) text += (text.empty() ? "" : ", ") + file.filename().string();
  return text;
}

/// The annotation files of a data set: which one belongs to which split, or is the one for everything. Names count in
/// any case; of several files for a split the best-named one in the best place is taken.
class SplitFiles {
 public:
  explicit SplitFiles(const std::filesystem::path& root) : root_(root) {
    for (const std::filesystem::path& folder : list_folder(root, EntryKind::folder)) {
      const NamedSplit named = split_of_name(folder.filename().string());
      if (!named.split.empty()) folders_.push_back({named, folder});
    }
    std::stable_sort(folders_.begin(), folders_.end(),
                     [](const Folder& a, const Folder& b) { return a.named.rank < b.named.rank; });
    for (const Folder& folder : folders_) add_folder(folder);
    for (const std::filesystem::path& folder : annotation_folders(root)) add_files(folder, 1);
    add_files(root, 2);
  }

  /// The annotation file of each split that has one. `wanted`, if not empty, is its name in the folder of each split.
  /// @throws FileError that names several candidates for a split.
  std::map<std::string, std::filesystem::path> splits(const std::filesystem::path& wanted) const {
    std::map<std::string, std::filesystem::path> found;
    if (!wanted.empty()) {
      for (const Folder& folder : folders_)
        if (is_file(folder.path / wanted)) found.try_emplace(std::string(folder.named.split), folder.path / wanted);
      return found;
    }
    bool sure = false;
    for (const SplitName& split : split_names) {
      const std::vector<Candidate> best = best_of(split.name);
      if (best.empty()) continue;
      require_single(best, split.name);
      found[std::string(split.name)] = best.front().file;
      sure |= !best.front().loose;
    }
    // One file with "test" somewhere in its name may well hold everything.
    if (!sure && found.size() == 1) found.clear();
    return found;
  }

  /// The one file for everything: that of an exporter by its name, else the only one in the root, else in its folder of
  /// annotations. Empty if there is none. @throws FileError that names them if there are several.
  std::filesystem::path single() const {
    std::vector<std::filesystem::path> places = annotation_folders(root_);
    places.insert(places.begin(), root_);
    for (const std::filesystem::path& place : places) {
      const std::vector<std::filesystem::path> files = json_files(place);
      if (files.empty()) continue;
      if (files.size() == 1) return files.front();
      // Roboflow, CVAT, Label Studio, FiftyOne.
      for (const std::string_view name :
           {"_annotations.coco.json", "instances_default.json", "result.json", "labels.json"})
        if (std::find(files.begin(), files.end(), place / name) != files.end()) return place / name;
      throw FileError(concat(place.string(), ": has ", files.size(),
                             " JSON files; name the annotation file (annotation_file), or each after its split "
                             "(train.json, valid.json, test.json): ",
                             names_of(files)));
    }
    return {};
  }

  /// All JSON files that were seen but not used; if these have been named by the user, only those of other folders.
  std::vector<std::filesystem::path> left_aside(const std::map<std::string, std::filesystem::path>& used,
                                                bool named) const {
    std::vector<std::filesystem::path> files;
    for (const std::filesystem::path& file : seen_) {
      const bool known = std::any_of(used.begin(), used.end(), [&](const auto& item) {
        std::error_code none;
        return std::filesystem::equivalent(file, item.second, none) ||
               (named && file.parent_path() == item.second.parent_path());
      });
      if (!known) files.push_back(file);
    }
    return files;
  }

 private:
  struct Folder {
    NamedSplit named;
    std::filesystem::path path;
  };
  struct Candidate {
    std::filesystem::path file;
    std::string_view split;
    int place, rank;     ///< 0 is best: the folder of the split, one for annotations, the root; see NamedSplit
    int rank_in_folder;  ///< 0 is best
    bool loose;          ///< whether the split is only one word among others

    auto order() const { return std::tuple(loose, place, rank, rank_in_folder); }
  };

  void add_folder(const Folder& folder) {
    std::vector<std::filesystem::path> files = json_files(folder.path);
    seen_.insert(seen_.end(), files.begin(), files.end());
    for (const std::filesystem::path& below : annotation_folders(folder.path)) {
      const std::vector<std::filesystem::path> more = json_files(below);
      seen_.insert(seen_.end(), more.begin(), more.end());
      if (files.empty()) files = more;
    }
    for (const std::filesystem::path& file : files) {
      const std::string stem = file.stem().string();
      const int rank = file.filename() == "_annotations.coco.json"       ? 0
                       : split_of_name(stem).split == folder.named.split ? 1
                       : ascii_lower(stem).starts_with("instances")      ? 2
                                                                         : 3;
      candidates_.push_back({file, folder.named.split, 0, folder.named.rank, rank, folder.named.rank > 3});
    }
  }
  void add_files(const std::filesystem::path& folder, int place) {
    for (const std::filesystem::path& file : json_files(folder)) {
      seen_.push_back(file);
      const NamedSplit named = split_of_name(file.stem().string());
      if (!named.split.empty()) {
        const bool instances = ascii_lower(file.stem().string()).starts_with("instances_");
        candidates_.push_back({file, named.split, place, named.rank, 0, named.rank > 3 && !instances});
      }
    }
  }

  /// The candidates for a split than which none is better.
  std::vector<Candidate> best_of(std::string_view split) const {
    std::vector<Candidate> best;
    for (const Candidate& candidate : candidates_) {
      if (candidate.split != split) continue;
      if (!best.empty() && candidate.order() < best.front().order()) best.clear();
      if (best.empty() || candidate.order() == best.front().order()) best.push_back(candidate);
    }
    return best;
  }
  static void require_single(const std::vector<Candidate>& best, std::string_view split) {
    if (best.size() == 1) return;
    std::vector<std::filesystem::path> files;
    files.reserve(best.size());
    for (const Candidate& candidate : best) files.push_back(candidate.file);
    const std::filesystem::path folder = files[0].parent_path();
    const bool together = std::all_of(files.begin(), files.end(),
                                      [&](const std::filesystem::path& file) { return file.parent_path() == folder; });
    std::string text = names_of(files);
    if (!together) {
      text.clear();
      for (const std::filesystem::path& file : files) text += (text.empty() ? "" : ", ") + file.string();
    }
    throw FileError(concat(folder.string(), ": has ", files.size(), " JSON files for the split ", split,
                           "; name the annotation file (annotation_file): ", text));
  }

  std::filesystem::path root_;
  std::vector<Folder> folders_;
  std::vector<Candidate> candidates_;
  std::vector<std::filesystem::path> seen_;
};

}  // namespace amdefect::detail
