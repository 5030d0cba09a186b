#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/image/image.hpp"

/// A small software renderer for generated pictures: floating-point pixels, shapes made of rows, smooth noise.
namespace amdefect::synth {

/// Light in red, green and blue; 1 is the brightest that is shown.
struct Color {
  double r = 0, g = 0, b = 0;

  friend Color operator+(const Color& x, const Color& y) { return {x.r + y.r, x.g + y.g, x.b + y.b}; }
  friend Color operator*(const Color& x, double s) { return {x.r * s, x.g * s, x.b * s}; }
  friend Color operator*(const Color& x, const Color& y) { return {x.r * y.r, x.g * y.g, x.b * y.b}; }
};

inline Color mix(const Color& a, const Color& b, double share) { return a * (1 - share) + b * share; }

/// Smooth noise in [-1, 1]: random values at whole coordinates, blended in between (value noise).
class Noise {
 public:
  explicit Noise(Random& random) : seed_(random.next()) {}

  double operator()(double x, double y) const {
    const double left = std::floor(x), top = std::floor(y);
    const double u = smooth(x - left), v = smooth(y - top);
    const auto i = static_cast<std::int64_t>(left), j = static_cast<std::int64_t>(top);
    const double upper = at(i, j) * (1 - u) + at(i + 1, j) * u;
    const double lower = at(i, j + 1) * (1 - u) + at(i + 1, j + 1) * u;
    return upper * (1 - v) + lower * v;
  }
  /// The value at one lattice point.
  double at(std::int64_t i, std::int64_t j) const {
    std::uint64_t z = seed_ + static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15ULL +
                      static_cast<std::uint64_t>(j) * 0xd1b54a32d192ed03ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>(z >> 11) * 0x1.0p-52 - 1;
  }

 private:
  static double smooth(double t) { return t * t * (3 - 2 * t); }
  std::uint64_t seed_;
};

/// The part of a row that a shape covers.
struct Span {
  double left = 0, right = 0;
};

/// The picture in the making. Each pixel knows which object is seen in it (0: the background).
class Canvas {
 public:
  Canvas(Index height, Index width)
      : height_(height),
        width_(width),
        pixels_(static_cast<std::size_t>(height * width)),
        owners_(static_cast<std::size_t>(height * width)) {}

  Index height() const { return height_; }
  Index width() const { return width_; }
  Color& operator()(Index y, Index x) { return pixels_[static_cast<std::size_t>(y * width_ + x)]; }
  int& owner(Index y, Index x) { return owners_[static_cast<std::size_t>(y * width_ + x)]; }

  /// Paints a shape: `span(y)` is what it covers of the row at height y, `shade(x, y, u)` its colour, u from -1 at its
  /// left edge to 1 at its right edge. Edges are anti-aliased along the rows. The pixels belong to `object` from then
  /// on.
  template <class RowSpan, class Shade>
  void paint(double top, double bottom, int object, RowSpan&& span, Shade&& shade) {
    const Index last = std::min(height_, static_cast<Index>(std::ceil(bottom - 0.5)));
    for (Index row = std::max<Index>(0, static_cast<Index>(std::ceil(top - 0.5))); row < last; ++row) {
      const double y = static_cast<double>(row) + 0.5;
      const Span edges = span(y);
      const double middle = (edges.left + edges.right) / 2, half = std::max((edges.right - edges.left) / 2, 1e-9);
      const Index end = std::min(width_, static_cast<Index>(std::ceil(edges.right)));
      for (Index column = std::max<Index>(0, static_cast<Index>(std::floor(edges.left))); column < end; ++column) {
        const double x = static_cast<double>(column);
        const double cover = std::min(edges.right, x + 1) - std::max(edges.left, x);
        if (cover <= 0) continue;
        Color& pixel = (*this)(row, column);
        pixel = mix(pixel, shade(x + 0.5, y, std::clamp((x + 0.5 - middle) / half, -1.0, 1.0)), cover);
        if (cover >= 0.5) owner(row, column) = object;
      }
    }
  }

  /// Changes all pixels within an ellipse: `change(pixel, d)`, d from 0 in the middle to 1 at the rim. With `object` >=
  /// 0 only those that belong to it.
  template <class Change>
  void blend_ellipse(double x, double y, double radius_x, double radius_y, int object, Change&& change) {
    for (Index row = std::max<Index>(0, static_cast<Index>(y - radius_y));
         row < std::min(height_, static_cast<Index>(y + radius_y) + 1); ++row)
      for (Index column = std::max<Index>(0, static_cast<Index>(x - radius_x));
           column < std::min(width_, static_cast<Index>(x + radius_x) + 1); ++column) {
        const double u = (static_cast<double>(column) + 0.5 - x) / radius_x;
        const double v = (static_cast<double>(row) + 0.5 - y) / radius_y;
        const double distance = std::sqrt(u * u + v * v);
        if (distance < 1 && (object < 0 || owner(row, column) == object)) change((*this)(row, column), distance);
      }
  }

  /// The smallest box around the pixels of an object, and their number.
  struct Extent {
    Box box;
    Index pixels = 0;
  };
  Extent extent(int object) {
    Index left = width_, top = height_, right = 0, bottom = 0, count = 0;
    for (Index y = 0; y < height_; ++y)
      for (Index x = 0; x < width_; ++x)
        if (owner(y, x) == object) {
          left = std::min(left, x);
          right = std::max(right, x + 1);
          top = std::min(top, y);
          bottom = std::max(bottom, y + 1);
          ++count;
        }
    return {
        {static_cast<double>(left), static_cast<double>(top), static_cast<double>(right), static_cast<double>(bottom)},
        count};
  }

 private:
  Index height_, width_;
  std::vector<Color> pixels_;
  std::vector<int> owners_;
};

}  // namespace amdefect::synth
