#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "amdefect/boxes/labelled_box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/detection/anchor_free/location_grid.hpp"

namespace amdefect {

/// Which locations answer for which object: task-aligned assignment (Feng et al. 2021, arXiv:2108.07755) among
/// locations near the middle of an object, on the levels that suit its size.
struct AssignmentOptions {
  /// Objects whose larger side is at most this many strides belong to the level, larger ones to a coarser one; the
  /// levels next to it compete as well. 8 strides are what a 3x3 convolution or two around a location can see at a
  /// glance.
  double largest_side = 8;
  /// Locations up to this many strides from the middle of an object (along each axis) may answer for it, as far as they
  /// lie in its box.
  double radius = 2.5;
  Index most_locations = 9;  ///< that answer for one object: those with the best alignment
  /// Alignment of a location with an object: score of the object's class ^ score_power times IoU of the box ^
  /// iou_power.
  double score_power = 1, iou_power = 6;
};

/// A location of a level.
struct Location {
  std::size_t level = 0;
  Index row = 0, column = 0;

  friend bool operator==(const Location&, const Location&) = default;
};

/// What the network says of an object at a location: the score of its class, and the IoU of its box with the one there.
struct LocationPrediction {
  double score = 0, iou = 0;
};

/// A location and the object it answers for.
struct AssignedLocation {
  Location location;
  std::size_t object = 0;
  double quality = 0;  ///< what the score should be: in (0, 1]
};

/// The level that suits a box; all boxes too large for the others belong to the last one.
inline std::size_t level_of(const Box& box, std::span<const LocationGrid> grids, const AssignmentOptions& options) {
  const double side = std::max(box.width(), box.height());
  std::size_t level = 0;
  while (level + 1 < grids.size() && side > options.largest_side * static_cast<double>(grids[level].stride)) ++level;
  return level;
}

/// The locations that may answer for a box: those within the radius and the box on its level and the two next to it,
/// and in any case the nearest one on its level, if that is on the grid. None for boxes without extent.
inline std::vector<Location> candidate_locations(const Box& box, std::span<const LocationGrid> grids,
                                                 const AssignmentOptions& options) {
  std::vector<Location> locations;
  if (!(box.width() > 0 && box.height() > 0)) return locations;
  const std::size_t suited = level_of(box, grids, options);
  const double x = (box.x1 + box.x2) / 2, y = (box.y1 + box.y2) / 2;
  for (std::size_t level = suited > 0 ? suited - 1 : 0; level < std::min(suited + 2, grids.size()); ++level) {
    const LocationGrid& grid = grids[level];
    const auto stride = static_cast<double>(grid.stride), reach = options.radius * stride;
    const auto nearest_row = static_cast<Index>(std::floor(y / stride));
    const auto nearest_column = static_cast<Index>(std::floor(x / stride));
    const auto cells = static_cast<Index>(std::ceil(options.radius)) + 1;
    for (Index row = std::max<Index>(0, nearest_row - cells); row <= std::min(grid.rows - 1, nearest_row + cells);
         ++row)
      for (Index column = std::max<Index>(0, nearest_column - cells);
           column <= std::min(grid.columns - 1, nearest_column + cells); ++column) {
        const double px = grid.x(column), py = grid.y(row);
        const bool near = std::abs(px - x) < reach && std::abs(py - y) < reach;
        const bool inside = px > box.x1 && px < box.x2 && py > box.y1 && py < box.y2;
        const bool nearest = level == suited && row == nearest_row && column == nearest_column;
        if ((near && inside) || nearest) locations.push_back({level, row, column});
      }
  }
  return locations;
}

/// The locations that answer for the objects of an image, those of one object one after another. `predict(location,
/// object)` says what the network thinks at present. Every object claims its best aligned candidates; where two objects
/// want the same location, the one whose box fits better has it, and the other may be left with none. The best aligned
/// location of an object learns the largest IoU among its locations as its score, the others less, in proportion to
/// their alignment.
template <class Predict>
std::vector<AssignedLocation> assign_locations(std::span<const LocationGrid> grids,
                                               std::span<const LabelledBox> objects, Predict&& predict,
                                               const AssignmentOptions& options = {}) {
  struct Candidate {
    AssignedLocation positive;
    std::size_t number = 0;  // of the location, over all levels
    double iou = 0, alignment = 0;
  };
  std::vector<std::size_t> first_number(grids.size() + 1);
  for (std::size_t level = 0; level < grids.size(); ++level)
    first_number[level + 1] = first_number[level] + static_cast<std::size_t>(grids[level].rows * grids[level].columns);

  constexpr double least_iou = 1e-3;  // so that boxes which are wide of the mark can still be told apart by the score
  std::vector<Candidate> chosen;
  for (std::size_t object = 0; object < objects.size(); ++object) {
    std::vector<Candidate> candidates;
    for (const Location& location : candidate_locations(objects[object].box, grids, options)) {
      const LocationPrediction found = predict(location, objects[object]);
      const double overlap = std::max(found.iou, least_iou);
      const auto in_level = static_cast<std::size_t>(location.row * grids[location.level].columns + location.column);
      candidates.push_back({{location, object, 0},
                            first_number[location.level] + in_level,
                            overlap,
                            std::pow(found.score, options.score_power) * std::pow(overlap, options.iou_power)});
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.alignment > b.alignment; });
    candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(options.most_locations)));
    chosen.insert(chosen.end(), candidates.begin(), candidates.end());
  }

  std::vector<double> best_claim(first_number.back(), 0);  // per location: the IoU of the object that has it
  std::vector<std::size_t> owner(first_number.back());
  for (const Candidate& c : chosen)
    if (c.iou > best_claim[c.number]) {
      best_claim[c.number] = c.iou;
      owner[c.number] = c.positive.object;
    }
  std::erase_if(chosen, [&](const Candidate& c) { return owner[c.number] != c.positive.object; });

  std::vector<double> best_alignment(objects.size(), 0), best_iou(objects.size(), 0);
  for (const Candidate& c : chosen) {
    best_alignment[c.positive.object] = std::max(best_alignment[c.positive.object], c.alignment);
    best_iou[c.positive.object] = std::max(best_iou[c.positive.object], c.iou);
  }
  std::vector<AssignedLocation> positives;
  for (Candidate& c : chosen) {
    const std::size_t object = c.positive.object;
    const double share = best_alignment[object] > 0 ? c.alignment / best_alignment[object] : 1;
    c.positive.quality = share * best_iou[object];
    positives.push_back(c.positive);
  }
  return positives;
}

}  // namespace amdefect
