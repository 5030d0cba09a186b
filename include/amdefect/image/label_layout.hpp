#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "amdefect/boxes/box_grid.hpp"
#include "amdefect/image/draw.hpp"

namespace amdefect {

struct PixelSize {
  Index width = 0, height = 0;
};

/// A box to be labelled.
struct LabelRequest {
  PixelBox box{};
  double score = 0;
  /// Sizes of the texts that would do, the most wanted one first. Without any the box stays without a label, but is
  /// not covered by others.
  std::vector<PixelSize> texts{};
};

/// Where a label goes, and which of its texts it is.
struct LabelPosition {
  PixelBox area{};
  std::size_t text = 0;

  friend bool operator==(const LabelPosition&, const LabelPosition&) = default;
};

struct LabelLayoutOptions {
  /// Pixels around each box that its frame takes.
  Index frame = 0;
  /// Share of the picture that all labels together may cover.
  double max_cover = 1;
};

/// The pixels of a box's frame and of all inside: `width` pixels more on each side. At the border of the picture the
/// frame lies inside of the box, so that it is always seen.
inline PixelBox frame_box(const PixelBox& box, Index width, const PixelSize& picture) {
  const auto start = [&](Index edge, Index size) {
    return std::clamp<Index>(edge - width, 0, std::max<Index>(size - 1, 0));
  };
  const auto end = [&](Index edge, Index size) {
    return std::clamp<Index>(edge + width, std::min<Index>(size, 1), size);
  };
  return {start(box.x1, picture.width), start(box.y1, picture.height), end(box.x2, picture.width),
          end(box.y2, picture.height)};
}

namespace detail {

/// The pixels that frames and labels take, each for the box it belongs to.
class TakenPixels {
 public:
  explicit TakenPixels(const std::vector<PixelBox>& frames) {
    for (const PixelBox& frame : frames) items_.push_back({as_box(frame), items_.size()});
    grid_.emplace(items_);
    for (const Item& item : items_) grid_->add(item.owner, item.box);
  }
  void add(const PixelBox& label, std::size_t owner) {
    grid_->add(items_.size(), as_box(label));
    items_.push_back({as_box(label), owner});
  }
  /// Whether any of `area` is taken for another box than `owner`.
  bool by_other(const PixelBox& area, std::size_t owner) const {
    const Box wanted = as_box(area);
    return grid_->any_near(wanted, [&](std::size_t i) {
      return items_[i].owner != owner && intersection(items_[i].box, wanted).area() > 0;
    });
  }

 private:
  struct Item {
    Box box;
    std::size_t owner;
  };
  static Box as_box(const PixelBox& pixels) {
    return {static_cast<double>(pixels.x1), static_cast<double>(pixels.y1), static_cast<double>(pixels.x2),
            static_cast<double>(pixels.y2)};
  }

  std::vector<Item> items_;
  std::optional<BoxGrid> grid_;
};

/// Where a label may stand, the best first: above and below the frame, beside it, at its corners; inside of it where it
/// takes no more than an eighth of it.
inline std::vector<PixelBox> label_candidates(const PixelBox& outer, Index frame, const PixelSize& label) {
  const auto at = [&](Index x, Index y) { return PixelBox{x, y, x + label.width, y + label.height}; };
  const Index above = outer.y1 - label.height, before = outer.x1 - label.width;
  const Index end_x = outer.x2 - label.width, end_y = outer.y2 - label.height;
  std::vector<PixelBox> candidates = {at(outer.x1, above),  at(end_x, above),       at(outer.x1, outer.y2),
                                      at(end_x, outer.y2),  at(outer.x2, outer.y1), at(outer.x2, end_y),
                                      at(before, outer.y1), at(before, end_y),      at(outer.x2, above),
                                      at(before, above),    at(outer.x2, outer.y2), at(before, outer.y2)};
  const bool fits = label.width + 2 * frame <= outer.width() && label.height + 2 * frame <= outer.height();
  if (fits && 8 * label.width * label.height <= outer.area())
    for (const Index y : {outer.y1 + frame, end_y - frame})
      for (const Index x : {outer.x1 + frame, end_x - frame}) candidates.push_back(at(x, y));
  return candidates;
}

}  // namespace detail

/// Where the label of each box goes; nothing where it is left out. A label lies in the picture, on no other box (or
/// frame) and on no other label; on its own box only where it takes no more than an eighth of it. Boxes of higher score
/// choose first (equal ones in their order), so that those of lower score give way. Pure and deterministic.
inline std::vector<std::optional<LabelPosition>> lay_out_labels(std::span<const LabelRequest> requests,
                                                                const PixelSize& picture,
                                                                const LabelLayoutOptions& options = {}) {
  std::vector<std::optional<LabelPosition>> positions(requests.size());
  if (requests.empty() || picture.width <= 0 || picture.height <= 0) return positions;
  std::vector<PixelBox> frames;
  for (const LabelRequest& request : requests) frames.push_back(frame_box(request.box, options.frame, picture));
  detail::TakenPixels taken(frames);
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return requests[a].score > requests[b].score; });
  double left_to_cover = options.max_cover * static_cast<double>(picture.width * picture.height);

  const auto position_of = [&](std::size_t i) -> std::optional<LabelPosition> {
    for (std::size_t text = 0; text < requests[i].texts.size(); ++text)
      for (const PixelBox& area : detail::label_candidates(frames[i], options.frame, requests[i].texts[text])) {
        const bool in_picture = area.x1 >= 0 && area.y1 >= 0 && area.x2 <= picture.width && area.y2 <= picture.height;
        if (in_picture && static_cast<double>(area.area()) <= left_to_cover && !taken.by_other(area, i))
          return LabelPosition{area, text};
      }
    return std::nullopt;
  };
  for (const std::size_t i : order) {
    positions[i] = position_of(i);
    if (!positions[i]) continue;
    taken.add(positions[i]->area, i);
    left_to_cover -= static_cast<double>(positions[i]->area.area());
  }
  return positions;
}

}  // namespace amdefect
