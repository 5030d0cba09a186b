#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/json_value.hpp"
#include "amdefect/review/suggestion.hpp"

namespace amdefect {

/// How many suggestions of each kind there are, and how many of them have a confidence from one half on, as a few
/// lines.
inline std::string to_text(const std::vector<Suggestion>& suggestions) {
  std::string text = concat(quantity(suggestions.size(), "suggestion"), "; with a confidence from 0.5:");
  for (std::size_t kind = 0; kind < mistake_names.size(); ++kind)
    text += concat(kind > 0 ? ", " : " ", mistake_names[kind], ' ',
                   std::count_if(suggestions.begin(), suggestions.end(), [&](const Suggestion& suggestion) {
                     return static_cast<std::size_t>(suggestion.mistake) == kind && suggestion.confidence >= 0.5;
                   }));
  return text + '\n';
}

/// Writes a ranking for programs, a suggestion on each line, best first: {"annotation_file": ..., "suggestions":
/// [...]}, each as `to_json` gives it with the name of its image. @throws FileError
inline void write_suggestions(const std::filesystem::path& path, const CocoSplit& split,
                              const std::vector<Suggestion>& suggestions) {
  std::unordered_map<std::int64_t, std::string> names;
  for (const CocoImage& image : split.coco.images) names.emplace(image.id, image.file_name);
  AtomicFile file(path);
  file.write(
      concat("{\"annotation_file\": ", JsonValue(split.annotation_file.string()).to_text(), ",\n\"suggestions\": ["));
  for (std::size_t i = 0; i < suggestions.size(); ++i) {
    JsonValue entry = to_json(suggestions[i]);
    entry.set("file_name", names.at(suggestions[i].image_id));
    file.write(concat(i > 0 ? ",\n" : "\n", entry.to_text()));
  }
  file.write("\n]}\n");
  file.commit();
}

}  // namespace amdefect
