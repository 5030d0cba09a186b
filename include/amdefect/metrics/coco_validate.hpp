#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_dataset.hpp"

namespace amdefect::detail {

/// Neither infinite nor NaN, also under -ffast-math, where the compiler assumes `std::isfinite` to be true.
inline bool is_finite(double value) {
  constexpr std::uint64_t exponent = 0x7ff0000000000000;
  return (std::bit_cast<std::uint64_t>(value) & exponent) != exponent;
}

inline bool is_finite(const CocoBox& box) {
  return is_finite(box.x) && is_finite(box.y) && is_finite(box.width) && is_finite(box.height);
}

/// The ids of a list in ascending order.
template <class Entry>
std::vector<std::int64_t> sorted_ids(const std::vector<Entry>& entries) {
  std::vector<std::int64_t> ids;
  ids.reserve(entries.size());
  for (const Entry& entry : entries) ids.push_back(entry.id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// Position in sorted ids, or -1.
inline Index find_id(const std::vector<std::int64_t>& sorted, std::int64_t id) {
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), id);
  return found != sorted.end() && *found == id ? found - sorted.begin() : -1;
}

/// Throws unless the ids of a list differ; `where` starts the message.
template <class Exception, class Entry>
void require_unique_ids(const std::string& where, const char* list, const std::vector<Entry>& entries) {
  std::vector<std::pair<std::int64_t, std::size_t>> ids(entries.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = {entries[i].id, i};
  std::sort(ids.begin(), ids.end());
  const auto twin = std::adjacent_find(ids.begin(), ids.end(), [](auto& a, auto& b) { return a.first == b.first; });
  if (twin == ids.end()) return;
  throw Exception(
      concat(where, list, '[', twin[1].second, "] has the id ", twin->first, " of ", list, '[', twin->second, ']'));
}

/// Throws unless all ids are unique.
template <class Exception>
void require_unique_ids(const std::string& where, const CocoDataset& dataset) {
  require_unique_ids<Exception>(where, "images", dataset.images);
  require_unique_ids<Exception>(where, "categories", dataset.categories);
  require_unique_ids<Exception>(where, "annotations", dataset.annotations);
}

/// Throws unless the box and the number (an area or a score, called `what`) can be evaluated.
template <class Exception>
void require_sound(const std::string& where, const char* list, std::size_t index, const CocoBox& box, const char* what,
                   double number) {
  require<Exception>(is_finite(box), where, list, '[', index, "] has a box that is not finite: ", box);
  require<Exception>(box.width >= 0 && box.height >= 0, where, list, '[', index,
                     "] has a box of negative width or height: ", box);
  require<Exception>(is_finite(number), where, list, '[', index, "] has the ", what, ' ', number);
}

}  // namespace amdefect::detail
