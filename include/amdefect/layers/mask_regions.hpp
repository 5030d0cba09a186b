#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// The pixels [left, right) x [top, bottom) around a region of a mask, and how many of them belong to it.
struct MaskRegion {
  Index left = 0, top = 0, right = 0, bottom = 0, area = 0;

  friend bool operator==(const MaskRegion&, const MaskRegion&) = default;
};

namespace detail {

/// Sets that grow together, by the number of one of their members.
class DisjointSets {
 public:
  Index add() {
    parents_.push_back(static_cast<Index>(parents_.size()));
    return parents_.back();
  }
  Index find(Index member) {
    Index root = member;
    while (parent(root) != root) root = parent(root);
    while (parent(member) != root) member = std::exchange(parent(member), root);
    return root;
  }
  /// The set with the lesser number takes in the other.
  void join(Index a, Index b) {
    a = find(a), b = find(b);
    parent(std::max(a, b)) = std::min(a, b);
  }

 private:
  Index& parent(Index member) { return parents_[static_cast<std::size_t>(member)]; }
  std::vector<Index> parents_;
};

/// One region for each set, in the order of their first members.
inline std::vector<MaskRegion> united(const std::vector<MaskRegion>& parts, DisjointSets& sets) {
  std::vector<MaskRegion> regions;
  std::vector<std::size_t> places(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto root = static_cast<std::size_t>(sets.find(static_cast<Index>(i)));
    const MaskRegion& part = parts[i];
    if (root == i) {
      places[i] = regions.size();
      regions.push_back(part);
      continue;
    }
    MaskRegion& region = regions[places[root]];
    region = {std::min(region.left, part.left), std::min(region.top, part.top), std::max(region.right, part.right),
              std::max(region.bottom, part.bottom), region.area + part.area};
  }
  return regions;
}

}  // namespace detail

/// The regions of pixels that `is_set` and that touch each other, at corners, too, from the first row down.
/// `mask` has `width` pixels in a row. (Runs of pixels in rows, united with those of the row above that they touch.)
template <class IsSet>
std::vector<MaskRegion> connected_regions(std::span<const std::uint8_t> mask, Index width, IsSet&& is_set) {
  require(width > 0 && static_cast<Index>(mask.size()) % width == 0, "connected regions: ", mask.size(),
          " pixels are no whole rows of ", width);
  std::vector<MaskRegion> runs;
  detail::DisjointSets sets;
  std::size_t above = 0, above_end = 0;  // runs of the row above
  const Index height = static_cast<Index>(mask.size()) / width;
  for (Index y = 0; y < height; ++y) {
    const std::uint8_t *const begin = mask.data() + y * width, *const end = begin + width;
    const std::size_t first = runs.size();
    const bool any =
        std::accumulate(begin, end, 0U, [&](unsigned sum, std::uint8_t p) { return sum | is_set(p); }) != 0;
    for (const std::uint8_t* at = any ? std::find_if(begin, end, is_set) : end; at != end;) {
      const std::uint8_t* const stop = std::find_if_not(at, end, is_set);
      const Index left = at - begin, right = stop - begin, run = sets.add();
      runs.push_back({left, y, right, y + 1, right - left});
      while (above < above_end && runs[above].right < left) ++above;
      for (std::size_t i = above; i < above_end && runs[i].left <= right; ++i) sets.join(static_cast<Index>(i), run);
      at = std::find_if(stop, end, is_set);
    }
    above = first, above_end = runs.size();
  }
  return detail::united(runs, sets);
}

/// Regions whose boxes are at most `gap` pixels apart along both axes become one, until there are no such two.
inline std::vector<MaskRegion> join_near(std::vector<MaskRegion> regions, Index gap) {
  for (;;) {
    // By their left sides, so that only those that begin before a region's end plus the gap have to be looked at.
    std::sort(regions.begin(), regions.end(), [](const MaskRegion& a, const MaskRegion& b) {
      return a.left < b.left || (a.left == b.left && a.top < b.top);
    });
    detail::DisjointSets sets;
    for (std::size_t i = 0; i < regions.size(); ++i) sets.add();
    for (std::size_t i = 0; i < regions.size(); ++i)
      for (std::size_t j = i + 1; j < regions.size() && regions[j].left <= regions[i].right + gap; ++j)
        if (regions[j].top <= regions[i].bottom + gap && regions[i].top <= regions[j].bottom + gap)
          sets.join(static_cast<Index>(i), static_cast<Index>(j));
    const std::size_t before = regions.size();
    regions = detail::united(regions, sets);
    if (regions.size() == before) return regions;
  }
}

/// How boxes are made of masks.
struct MaskBoxOptions {
  Index least_area = 20;  ///< pixels of a region, after joining; smaller ones are left out
  Index join = 5;         ///< regions at most so many pixels apart are one object; -1: none are joined

  friend bool operator==(const MaskBoxOptions&, const MaskBoxOptions&) = default;
};

/// The objects of a mask, which has `width` pixels in a row; its class is where the pixels are `value`, or anything but
/// 0 where none is given.
inline std::vector<MaskRegion> mask_objects(std::span<const std::uint8_t> mask, Index width,
                                            std::optional<std::uint8_t> value, const MaskBoxOptions& options = {}) {
  std::vector<MaskRegion> regions =
      value ? connected_regions(mask, width, [number = *value](std::uint8_t pixel) { return pixel == number; })
            : connected_regions(mask, width, [](std::uint8_t pixel) { return pixel != 0; });
  if (options.join >= 0) regions = join_near(std::move(regions), options.join);
  std::erase_if(regions, [&](const MaskRegion& region) { return region.area < options.least_area; });
  return regions;
}

}  // namespace amdefect
