#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <vector>

#include "amdefect/boxes/box.hpp"

namespace amdefect {

/// Finds the boxes that overlap with another one without looking at all of them: a square grid of cells, each with a
/// list of the boxes that reach into it. Boxes may be of any size and anywhere, and even hold infinities and NaN.
class BoxGrid {
 public:
  /// For boxes like those of `items` (anything with a member `box`); none is added yet. A cell is at least as large as
  /// a typical box (the root mean square of their larger sides), so that n boxes have O(n) entries however much their
  /// sizes differ, and there are about n cells.
  template <class Items>
  explicit BoxGrid(const Items& items) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Box all{infinity, infinity, -infinity, -infinity};
    double squares = 0;
    for (const auto& item : items) {
      const Box& box = item.box;
      all = {std::min(all.x1, box.x1), std::min(all.y1, box.y1), std::max(all.x2, box.x2), std::max(all.y2, box.y2)};
      squares += std::pow(std::max(box.width(), box.height()), 2);
    }
    const auto count = static_cast<double>(std::size(items));
    left_ = all.x1, top_ = all.y1;
    cell_ = std::max(std::sqrt(squares / count), std::max(all.width(), all.height()) / std::sqrt(count));
    side_ = static_cast<std::size_t>(std::sqrt(count)) + 1;
    cells_.resize(side_ * side_);
  }

  void add(std::size_t id, const Box& box) {
    any_cell(box, [&](std::size_t row, std::size_t column) {
      cells_[row * side_ + column].push_back({id, box});
      return false;
    });
  }

  /// Whether `predicate(id)` holds for an added box near `box`. It is asked at most once for each and, unless it holds
  /// before, for all whose common area with `box` is above 0.
  template <class Predicate>
  bool any_near(const Box& box, Predicate&& predicate) const {
    return any_cell(box, [&](std::size_t row, std::size_t column) {
      const std::vector<Entry>& cell = cells_[row * side_ + column];
      return std::any_of(cell.begin(), cell.end(), [&](const Entry& entry) {
        // Two boxes may share many cells, but only one holds the upper left corner of their common part.
        return number(std::max(entry.box.x1, box.x1) - left_) == column &&
               number(std::max(entry.box.y1, box.y1) - top_) == row && predicate(entry.id);
      });
    });
  }

 private:
  struct Entry {
    std::size_t id;
    Box box;
  };

  /// The row or column of cells at this distance from the grid's border; the nearest one for a distance outside, the
  /// first one for NaN.
  std::size_t number(double distance) const {
    const double cells = distance / cell_;
    return cells > 0 ? static_cast<std::size_t>(std::min(cells, static_cast<double>(side_ - 1))) : 0;
  }

  /// Whether `visit(row, column)` holds for a cell that the box reaches into.
  template <class Visit>
  bool any_cell(const Box& box, Visit&& visit) const {
    const std::size_t bottom = number(box.y2 - top_), right = number(box.x2 - left_);
    for (std::size_t row = number(box.y1 - top_); row <= bottom; ++row)
      for (std::size_t column = number(box.x1 - left_); column <= right; ++column)
        if (visit(row, column)) return true;
    return false;
  }

  double left_ = 0, top_ = 0, cell_ = 0;  // in the boxes' units
  std::size_t side_ = 0;                  // rows, and columns
  std::vector<std::vector<Entry>> cells_;
};

}  // namespace amdefect
