#pragma once

#include <algorithm>
#include <cmath>
#include <ostream>

namespace amdefect {

/// An axis-aligned box by its corners (x1, y1) and (x2, y2), in pixels or normalised units; y grows downwards.
template <class T>
struct BasicBox {
  T x1 = 0, y1 = 0, x2 = 0, y2 = 0;

  T width() const { return x2 - x1; }
  T height() const { return y2 - y1; }
  /// 0 for a box without extent or with its corners the wrong way round.
  T area() const { return std::max(width(), T(0)) * std::max(height(), T(0)); }

  friend bool operator==(const BasicBox&, const BasicBox&) = default;
};

using Box = BasicBox<double>;

/// A box as COCO files hold it: left, top, width, height in pixels.
struct CocoBox {
  double x = 0, y = 0, width = 0, height = 0;

  friend bool operator==(const CocoBox&, const CocoBox&) = default;
};

inline Box to_corners(const CocoBox& box) { return {box.x, box.y, box.x + box.width, box.y + box.height}; }
inline CocoBox to_coco(const Box& box) { return {box.x1, box.y1, box.width(), box.height()}; }

/// The common part of two boxes; its area is 0 where they do not overlap.
template <class T>
BasicBox<T> intersection(const BasicBox<T>& a, const BasicBox<T>& b) {
  return {std::max(a.x1, b.x1), std::max(a.y1, b.y1), std::min(a.x2, b.x2), std::min(a.y2, b.y2)};
}

/// The box moved right by `dx` and down by `dy`.
inline Box moved(const Box& box, double dx, double dy) { return {box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy}; }

/// The distance between the nearest points of two boxes; 0 if they overlap.
inline double gap(const Box& a, const Box& b) {
  return std::hypot(std::max({a.x1 - b.x2, b.x1 - a.x2, 0.0}), std::max({a.y1 - b.y2, b.y1 - a.y2, 0.0}));
}

/// Intersection over union in [0, 1]; 0 for two boxes without area. Evaluation uses `coco_iou` (coco_iou.hpp), which
/// equals pycocotools bit by bit.
template <class T>
T iou(const BasicBox<T>& a, const BasicBox<T>& b) {
  const T common = intersection(a, b).area();
  const T all = a.area() + b.area() - common;
  return all > T(0) ? common / all : T(0);
}

template <class T>
std::ostream& operator<<(std::ostream& out, const BasicBox<T>& box) {
  return out << '(' << box.x1 << ", " << box.y1 << ") - (" << box.x2 << ", " << box.y2 << ')';
}
inline std::ostream& operator<<(std::ostream& out, const CocoBox& box) {
  return out << '[' << box.x << ", " << box.y << ", " << box.width << ", " << box.height << ']';
}

}  // namespace amdefect
