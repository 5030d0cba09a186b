#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "amdefect/boxes/nms.hpp"
#include "amdefect/core/compiled.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/detection/anchor_free/anchor_free_model.hpp"
#include "amdefect/detection/anchor_free/location_grid.hpp"

namespace amdefect {

namespace detail {

template <class T>
void require_number(T value, const char* what) {
  require(!std::isnan(value), "anchor-free detector: the network gives a NaN as a ", what,
          ": its weights, or the values of the image, are too large");
}

}  // namespace detail

/// The locations of one image where a class scores above `min_score`, at most `limit` of them, the best ones. `outputs`
/// are those of the network, see `anchor_free_network`; boxes are in pixels of its input.
/// @throws Error for a NaN among the scores, or in a box that would be found: it must not look like an empty image.
template <class T>
std::vector<Detection> decode_anchor_free(const AnchorFreeModel& model, std::span<const TensorView<const T>> outputs,
                                          Index image, double min_score, Index limit) {
  const double score_floor = std::clamp(min_score, 1e-9, 1 - 1e-9);
  const auto least = static_cast<T>(std::log(score_floor / (1 - score_floor)));
  struct Candidate {
    T logit;
    Index level, row, column, label;
  };
  std::vector<Candidate> candidates;
  for (Index level = 0; level < model.levels; ++level) {
    const TensorView<const T>& scores = outputs[2 * static_cast<std::size_t>(level)];
    for (Index row = 0; row < scores.dim(1); ++row)
      for (Index column = 0; column < scores.dim(2); ++column)
        for (Index label = 0; label < model.classes; ++label)
          if (const T logit = scores(image, row, column, label); !(logit <= least)) {  // true for a NaN
            detail::require_number(logit, "score");
            candidates.push_back({logit, level, row, column, label});
          }
  }
  const auto better = [](const Candidate& a, const Candidate& b) { return a.logit > b.logit; };
  std::stable_sort(candidates.begin(), candidates.end(), better);
  if (static_cast<Index>(candidates.size()) > limit) candidates.resize(static_cast<std::size_t>(limit));

  std::vector<Detection> detections;
  for (const Candidate& candidate : candidates) {
    const TensorView<const T>& boxes = outputs[2 * static_cast<std::size_t>(candidate.level) + 1];
    const LocationGrid grid = grid_of(boxes.shape(), model.stride(candidate.level));
    const Box box = grid.decode(candidate.row, candidate.column, &boxes(image, candidate.row, candidate.column, 0));
    for (const double edge : {box.x1, box.y1, box.x2, box.y2}) detail::require_number(edge, "box");
    detections.push_back({box, 1 / (1 + std::exp(-static_cast<double>(candidate.logit))), candidate.label});
  }
  return detections;
}

AMDEFECT_COMPILED_FUNCTION(decode_anchor_free)

}  // namespace amdefect
