#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "amdefect/inspect/annotation_check.hpp"
#include "amdefect/inspect/annotation_text.hpp"
#include "amdefect/inspect/image_survey.hpp"
#include "amdefect/inspect/split_leaks.hpp"

namespace amdefect {

/// What an inspection of a data set has found.
struct Inspection {
  struct Split {
    CocoSplit data;
    AnnotationCheck annotations;
    std::vector<SurveyedImage> images;

    /// Why images cannot be used, a line each.
    std::vector<std::string> unusable() const {
      std::vector<std::string> faults;
      for (const SurveyedImage& image : images)
        if (!image.fault.empty()) faults.push_back(image.fault);
      return faults;
    }
  };
  /// Images that two splits have in common; the splits are given by their positions.
  struct Overlap {
    std::size_t first = 0, second = 0;
    std::vector<Leak> leaks;
  };

  std::vector<Split> splits;
  std::vector<Overlap> overlaps;  ///< only pairs with leaks

  bool has_unusable_images() const {
    return std::any_of(splits.begin(), splits.end(), [](const Split& split) { return !split.unusable().empty(); });
  }
};

/// Looks at all annotations and images of a data set that was read with `allow_missing_images`. `threads`: 0 for all
/// cores. `extra_image_folders`: see `CocoSourceOptions`.
inline Inspection inspect_data(CocoSplits splits, int threads = 0,
                               const std::vector<std::string>& extra_image_folders = {}) {
  Inspection result;
  for (std::optional<CocoSplit>* split : {&splits.train, &splits.valid, &splits.test}) {
    if (!*split) continue;
    AnnotationCheck annotations = check_annotations(**split);
    std::vector<SurveyedImage> images = survey_images(**split, threads, extra_image_folders);
    result.splits.push_back({std::move(**split), std::move(annotations), std::move(images)});
  }
  for (std::size_t i = 0; i < result.splits.size(); ++i)
    for (std::size_t j = i + 1; j < result.splits.size(); ++j) {
      const Inspection::Split &a = result.splits[i], &b = result.splits[j];
      std::vector<Leak> leaks = find_leaks(a.data, a.images, b.data, b.images);
      if (!leaks.empty()) result.overlaps.push_back({i, j, std::move(leaks)});
    }
  return result;
}

/// What is worth a look in a split, annotations and images, with at most `examples` places each.
inline std::vector<Finding> findings(const Inspection::Split& split, std::size_t examples) {
  std::vector<Finding> found = findings(split.annotations, split.data, examples);
  Finding turned;
  std::size_t count = 0;
  for (std::size_t i = 0; i < split.images.size(); ++i) {
    const int orientation = split.images[i].orientation;
    if (orientation < 2 || orientation > 8 || ++count > examples) continue;
    turned.examples.push_back(concat(split.data.coco.images[i].file_name, ": orientation ", orientation));
  }
  if (count == 0) return found;
  if (examples > 0 && count > examples) turned.examples.push_back(concat("and ", count - examples, " more"));
  turned.text = concat("images with an EXIF orientation, by which they are turned upright: ", count);
  found.push_back(std::move(turned));
  return found;
}

/// What two splits have in common: how often in each way, with at most `examples` pairs of names.
inline std::vector<Finding> findings(const Inspection& inspection, const Inspection::Overlap& overlap,
                                     std::size_t examples) {
  const CocoSplit &a = inspection.splits[overlap.first].data, &b = inspection.splits[overlap.second].data;
  std::vector<Finding> found;
  for (std::size_t kind = 0; kind < leak_names.size(); ++kind) {
    std::size_t count = 0;
    Finding finding;
    for (const Leak& leak : overlap.leaks) {
      if (static_cast<std::size_t>(leak.kind) != kind || ++count > examples) continue;
      finding.examples.push_back(concat(a.name, ' ', a.coco.images[leak.first].file_name, " and ", b.name, ' ',
                                        b.coco.images[leak.second].file_name));
    }
    if (count == 0) continue;
    if (count > examples) finding.examples.push_back(concat("and ", count - examples, " more"));
    finding.text = concat(leak_names[kind], ": ", count);
    found.push_back(std::move(finding));
  }
  return found;
}

/// All findings as text, with at most `examples` places each; images that cannot be used are named one and all.
inline std::string to_text(const Inspection& inspection, std::size_t examples = 5) {
  std::string text;
  for (const Inspection::Split& split : inspection.splits) {
    text += numbers_text(split.annotations, split.data);
    for (const Finding& finding : findings(split, examples)) text += to_text(finding);
    const std::vector<std::string> unusable = split.unusable();
    if (!unusable.empty()) text += to_text(Finding{concat("images that cannot be used: ", unusable.size()), unusable});
  }
  for (const Inspection::Overlap& overlap : inspection.overlaps) {
    text += concat("images in two splits, ", inspection.splits[overlap.first].data.name, " and ",
                   inspection.splits[overlap.second].data.name, ":\n");
    for (const Finding& finding : findings(inspection, overlap, examples)) text += to_text(finding);
  }
  return text;
}

}  // namespace amdefect
