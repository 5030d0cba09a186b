#pragma once

#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <locale>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/average_precision.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/f1_score.hpp"

namespace amdefect {

/// How good detections are in some of the images: those of one machine, one lot, one kind of light.
struct GroupMetrics {
  std::string name;
  Index images = 0, truths = 0;
  double ap50 = 0, ap25 = 0;  ///< as in DetectionMetrics, over the categories that the group has objects of
  ScorePoint best_f1;
  double f1 = 0;  ///< at the score threshold
};

/// Measures each group of images by itself, ascending by name; `group_of[i]` is the group of image i.
/// @throws Error unless each image has a group, and for annotations and results of other images.
inline std::vector<GroupMetrics> measure_groups(const CocoDataset& dataset, std::span<const CocoResult> results,
                                                std::span<const std::string> group_of, const MatchOptions& match = {}) {
  require(group_of.size() == dataset.images.size(), "image groups: ", group_of.size(), " groups for ",
          dataset.images.size(), " images, expected one of each");
  struct Part {
    CocoDataset dataset;
    std::vector<CocoResult> results;
  };
  std::map<std::string, Part> parts;
  std::unordered_map<std::int64_t, Part*> part_of;
  for (std::size_t i = 0; i < group_of.size(); ++i) {
    Part& part = parts[group_of[i]];
    part.dataset.images.push_back(dataset.images[i]);
    part_of.emplace(dataset.images[i].id, &part);
  }
  for (auto& [name, part] : parts) part.dataset.categories = dataset.categories;
  const auto part_with = [&](std::int64_t image_id) -> Part& {
    const auto found = part_of.find(image_id);
    require(found != part_of.end(), "image groups: there is no image with the id ", image_id);
    return *found->second;
  };
  for (const CocoAnnotation& annotation : dataset.annotations)
    part_with(annotation.image_id).dataset.annotations.push_back(annotation);
  for (const CocoResult& result : results) part_with(result.image_id).results.push_back(result);

  std::vector<GroupMetrics> groups;
  for (const auto& [name, part] : parts) {
    const ScoreCurve curve = score_curves(part.dataset, part.results, match).all;
    groups.push_back(
        {name, static_cast<Index>(part.dataset.images.size()), static_cast<Index>(part.dataset.annotations.size()),
         average_precision(part.dataset, part.results, 0.5), average_precision(part.dataset, part.results, 0.25),
         curve.best_f1(), curve.at(match.score_threshold).f1()});
  }
  return groups;
}

/// A line for each group.
inline std::string to_text(std::span<const GroupMetrics> groups) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::fixed << std::setprecision(3);
  for (const GroupMetrics& group : groups)
    text << printable(group.name) << ": " << quantity(group.images, "image") << ", " << quantity(group.truths, "object")
         << ", AP50 " << group.ap50 << ", AP25 " << group.ap25 << ", best F1 " << group.best_f1.counts.f1()
         << " at score " << group.best_f1.threshold << ", F1 " << group.f1 << " at the threshold\n";
  return text.str();
}

}  // namespace amdefect
