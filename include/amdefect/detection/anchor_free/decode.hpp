#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "amdefect/boxes/nms.hpp"
#include "amdefect/detection/anchor_free/anchor_free_model.hpp"
#include "amdefect/detection/anchor_free/location_grid.hpp"

namespace amdefect {

/// The places of one image where a class scores above `min_score`, at most `limit` of them, the best ones. `outputs`
/// are those of the network, see `anchor_free_network`; boxes are in pixels of its input.
template <class T>
std::vector<Detection> decode_anchor_free(const AnchorFreeModel& model, std::span<const TensorView<const T>> outputs,
                                          Index image, double min_score, Index limit) {
  const double score_floor = std::clamp(min_score, 1e-9, 1 - 1e-9);
  const auto least = static_cast<T>(std::log(score_floor / (1 - score_floor)));
  struct Place {
    T logit;
    Index level, row, column, label;
  };
  std::vector<Place> places;
  for (Index level = 0; level < model.levels; ++level) {
    const TensorView<const T>& scores = outputs[2 * static_cast<std::size_t>(level)];
    for (Index row = 0; row < scores.dim(1); ++row)
      for (Index column = 0; column < scores.dim(2); ++column)
        for (Index label = 0; label < model.classes; ++label)
          if (const T logit = scores(image, row, column, label); logit > least)
            places.push_back({logit, level, row, column, label});
  }
  const auto better = [](const Place& a, const Place& b) { return a.logit > b.logit; };
  std::stable_sort(places.begin(), places.end(), better);
  if (static_cast<Index>(places.size()) > limit) places.resize(static_cast<std::size_t>(limit));

  std::vector<Detection> detections;
  for (const Place& place : places) {
    const TensorView<const T>& boxes = outputs[2 * static_cast<std::size_t>(place.level) + 1];
    const LocationGrid grid = grid_of(boxes.shape(), model.stride(place.level));
    detections.push_back({grid.decode(place.row, place.column, &boxes(image, place.row, place.column, 0)),
                          1 / (1 + std::exp(-static_cast<double>(place.logit))), place.label});
  }
  return detections;
}

}  // namespace amdefect
