#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/inspect/annotation_check.hpp"

namespace amdefect {

/// Something about the annotations that may be a mistake: a line of text, and the first places where it is so.
struct Finding {
  std::string text;
  std::vector<std::string> examples{};
};

namespace detail {

/// The names of the classes whose number of boxes is wanted, with it unless it is 0.
template <class Wanted>
std::string class_list(const AnnotationCheck& check, Wanted&& wanted) {
  std::string list;
  for (const auto& [name, count] : check.classes)
    if (wanted(count)) list += concat(list.empty() ? "" : "; ", name, count > 0 ? concat(" (", count, ')') : "");
  return list;
}

}  // namespace detail

/// What is worth a look, with at most `examples` places each: name of the image file, box as in the file, annotation.
inline std::vector<Finding> findings(const AnnotationCheck& check, const CocoSplit& split, std::size_t examples) {
  std::vector<Finding> found;
  // `example(i)` names the i-th of `count` places.
  const auto add = [&](const char* text, std::size_t count, const auto& example) {
    if (count == 0) return;
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < std::min(examples, count); ++i) shown.push_back(example(i));
    if (examples > 0 && count > examples) shown.push_back(concat("and ", count - examples, " more"));
    found.push_back({concat(text, ": ", count), std::move(shown)});
  };
  if (!check.box_layout.empty()) found.push_back({check.box_layout});
  for (std::size_t fault = 0; fault < check.faults.size(); ++fault) {
    const std::vector<AnnotationCheck::Place>& places = check.faults[fault];
    add(box_fault_names[fault], places.size(), [&](std::size_t i) {
      const CocoAnnotation& annotation = split.coco.annotations[places[i].annotation];
      return concat(split.coco.images[places[i].image].file_name, ": ", annotation.box, " (annotation ", annotation.id,
                    ')');
    });
  }
  const auto add_names = [&](const char* text, const std::vector<std::string>& names) {
    add(text, names.size(), [&](std::size_t i) { return names[i]; });
  };
  add_names("image files listed more than once", check.repeated_files);
  add_names("names of more than one category", check.repeated_categories);
  add_names("names of categories that are nearly the same", check.alike_categories);
  if (check.images_without_size > 0)
    found.push_back({concat("images without a size in the annotations, so that boxes beyond them go unnoticed: ",
                            check.images_without_size)});
  if (check.crowds > 0) found.push_back({concat("crowds, which are left out of training: ", check.crowds)});
  const Index boxes = check.boxes();
  const std::string unused = detail::class_list(check, [](Index count) { return count == 0; });
  const std::string rare = detail::class_list(check, [&](Index count) { return count > 0 && 100 * count < boxes; });
  if (!unused.empty()) found.push_back({"classes without boxes: " + unused});
  if (!rare.empty()) found.push_back({"classes with less than 1 % of the boxes: " + rare});
  if (check.box_offset != 0) found.push_back({"boxes are pixel indices: half a pixel is missing (--box_offset 0.5)"});
  return found;
}

/// A finding as indented lines.
inline std::string to_text(const Finding& finding) {
  std::string text = concat("  ", printable(finding.text), '\n');
  for (const std::string& example : finding.examples) text += concat("    ", printable(example), '\n');
  return text;
}

/// The numbers of images and boxes as a few lines.
inline std::string numbers_text(const AnnotationCheck& check, const CocoSplit& split) {
  std::string text =
      concat(split.name, ": ", quantity(split.size(), "image"), " (", check.images_without_boxes(), " without boxes), ",
             quantity(check.boxes(), "box", "boxes"), ", up to ", check.most_boxes(), " in an image\n  classes:");
  for (const auto& [name, count] : check.classes) text += concat(' ', printable(name), ' ', count, ';');
  text += "\n  larger side of a box in pixels:";
  for (std::size_t i = 0; i < check.sides.size(); ++i)
    text += concat(' ', AnnotationCheck::percents[i], " %: ", check.sides[i], ';');
  return text + '\n';
}

/// Numbers and findings as a few lines; see `findings`.
inline std::string to_text(const AnnotationCheck& check, const CocoSplit& split, std::size_t examples = 0) {
  std::string text = numbers_text(check, split);
  for (const Finding& finding : findings(check, split, examples)) text += to_text(finding);
  return text;
}

}  // namespace amdefect
