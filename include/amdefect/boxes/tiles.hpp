#pragma once

#include <algorithm>
#include <vector>

#include "amdefect/boxes/nms.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// The part [begin, end) of an image along one axis.
struct TileSpan {
  Index begin = 0, end = 0;
  bool first = true, last = true;  ///< whether it reaches to the image's border

  Index size() const { return end - begin; }
  friend bool operator==(const TileSpan&, const TileSpan&) = default;
};

/// Cuts `size` pixels into parts of at most `tile` pixels that overlap by at least `overlap` and begin at multiples of
/// `multiple`, a network's largest stride, so that it sees the same in them as in the whole; one part where all fits
/// into a tile, or with a tile of 0.
/// @throws Error unless the tile is at least `multiple` pixels larger than the overlap.
inline std::vector<TileSpan> tile_spans(Index size, Index tile, Index overlap, Index multiple = 32) {
  require(tile == 0 || (overlap >= 0 && overlap <= tile - multiple), "tiles: a tile of ", tile,
          " pixels must be at least ", multiple, " larger than the overlap of ", overlap);
  if (tile == 0 || size <= tile) return {{0, size, true, true}};
  std::vector<TileSpan> spans;
  for (Index begin = 0; spans.empty() || !spans.back().last; begin += (tile - overlap) / multiple * multiple) {
    const Index end = std::min(begin + tile, size);
    spans.push_back({begin, end, begin == 0, end == size});
  }
  return spans;
}

/// Whether a tile answers for an object that it sees at [low, high]: the middle is at least half the overlap away from
/// the seams, or a little less, because two tiles may see an object at slightly different places and one of them has to
/// answer. The tile that answers for an object at least 16 pixels shorter than the overlap has all of it, and none
/// answers for a piece of it; a longer object may be cut.
inline bool answers_for(double low, double high, const TileSpan& span, Index overlap) {
  constexpr double tolerance = 8;
  const double middle = (low + high) / 2, margin = static_cast<double>(overlap) / 2 - tolerance;
  return (span.first || middle >= static_cast<double>(span.begin) + margin) &&
         (span.last || middle <= static_cast<double>(span.end) - margin);
}

/// Searches an image tile by tile: `find(row, column)` gives the objects seen in one tile, in pixels of the image. Kept
/// are those that the tile answers for; as two tiles may answer for one object, non-maximum suppression has to follow.
template <class Find>
std::vector<Detection> find_in_tiles(const std::vector<TileSpan>& rows, const std::vector<TileSpan>& columns,
                                     Index overlap, Find&& find) {
  std::vector<Detection> found;
  for (const TileSpan& row : rows)
    for (const TileSpan& column : columns)
      for (const Detection& detection : find(row, column)) {
        const Box& box = detection.box;
        if (answers_for(box.x1, box.x2, column, overlap) && answers_for(box.y1, box.y2, row, overlap))
          found.push_back(detection);
      }
  return found;
}

}  // namespace amdefect
