#pragma once

#include <algorithm>
#include <vector>

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
/// 32, so that a network sees the same in them as in the whole; one part where all fits into a tile, or with a tile of
/// 0.
/// @throws Error unless the tile is at least 32 pixels larger than the overlap.
inline std::vector<TileSpan> tile_spans(Index size, Index tile, Index overlap) {
  constexpr Index multiple = 32;
  if (tile == 0 || size <= tile) return {{0, size, true, true}};
  require(overlap >= 0 && tile >= overlap + multiple, "tiles: a tile of ", tile, " pixels must be at least ", multiple,
          " larger than the overlap of ", overlap);
  std::vector<TileSpan> spans;
  for (Index begin = 0; spans.empty() || !spans.back().last; begin += (tile - overlap) / multiple * multiple) {
    const Index end = std::min(begin + tile, size);
    spans.push_back({begin, end, begin == 0, end == size});
  }
  return spans;
}

/// Whether [low, high] ends at a seam (within two pixels) and is so short that the next tile holds all of it.
inline bool is_cut(double low, double high, const TileSpan& span, Index overlap) {
  constexpr double near = 2;
  const bool at_seam = (!span.first && low < static_cast<double>(span.begin) + near) ||
                       (!span.last && high > static_cast<double>(span.end) - near);
  return at_seam && high - low < static_cast<double>(overlap) - 2 * near;
}

}  // namespace amdefect
