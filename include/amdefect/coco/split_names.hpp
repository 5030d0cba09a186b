#pragma once

#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/io/list_folder.hpp"

namespace amdefect::detail {

/// The splits of a data set, and how tools call them, the most usual name first.
struct SplitName {
  std::string_view name;
  std::array<std::string_view, 3> spellings;
};
inline constexpr std::array<SplitName, 3> split_names{{{"train", {"train", "training", "trn"}},
                                                       {"valid", {"valid", "val", "validation"}},
                                                       {"test", {"test", "testing", "tst"}}}};

/// The words of a name in lower case: letters without marks (whatever the locale) that belong together, e.g. instances,
/// train and coco of `instances_trainCoco2017`.
inline std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool letter_before = false, lower_before = false;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z', letter = upper || (c >= 'a' && c <= 'z');
    if (letter && (!letter_before || (upper && lower_before))) words.emplace_back();
    if (letter) words.back() += static_cast<char>(upper ? c - 'A' + 'a' : c);
    letter_before = letter;
    lower_before = letter && !upper;
  }
  return words;
}

/// How a name tells its split.
struct NamedSplit {
  std::string_view split{};  ///< "train", "valid" or "test"; empty: no split, or several
  int rank = 0;              ///< 0 to 2: a name of the split as it is; 4: behind `instances_`; 5: with other words
};

/// The split that a file (without extension) or folder is named after, in any case and with other words around:
/// `Train`, `val2017`, `instances_Validation`, `train_coco`, `my-testset`.
inline NamedSplit split_of_name(const std::string& name) {
  const std::string lower = ascii_lower(name);
  const std::string rest = lower.starts_with("instances_") ? lower.substr(10) : "";
  std::set<std::string_view> meant;
  const std::vector<std::string> words = words_of(name);
  for (const SplitName& split : split_names)
    for (std::size_t i = 0; i < split.spellings.size(); ++i) {
      if (lower == split.spellings[i]) return {split.name, static_cast<int>(i)};
      for (const std::string& word : words)
        for (const std::string_view ending : {"", "set", "sets", "data", "split", "images"})
          if (word == std::string(split.spellings[i]) + std::string(ending)) meant.insert(split.name);
    }
  if (meant.size() == 1) return {*meant.begin(), rest.empty() ? 5 : 4};
  if (meant.empty())
    for (const SplitName& split : split_names)
      if (rest.starts_with(split.spellings[0]) || rest.starts_with(split.spellings[1])) return {split.name, 5};
  return {};
}

/// Whether the folder is one that tools keep annotation files in, apart from the images.
inline bool is_annotation_folder(const std::filesystem::path& folder) {
  const std::string name = ascii_lower(folder.filename().string());
  return name == "annotations" || name == "annotation" || name == "labels";
}

}  // namespace amdefect::detail
