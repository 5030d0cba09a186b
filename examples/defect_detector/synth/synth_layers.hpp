#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/core/shape.hpp"

/// A plate of parts built layer by layer by a laser in a bed of powder, with two cameras and defects that go through
/// several layers.
namespace amdefect::synth {

/// The classes of Peregrine's release v2023-11, in its order; defects are drawn of some of them only.
inline const std::vector<std::string> layer_classes{
    "Powder", "Printed",         "Recoater Hopping", "Recoater Streaking", "Incomplete Spreading", "Swelling",
    "Debris", "Super-Elevation", "Spatter",          "Misprint",           "Over Melting",         "Under Melting"};

/// What covers some pixels in some layers: a rectangle, or the ellipse in it.
struct LayerShape {
  Index label = 0;  ///< a place in `layer_classes`
  Index first = 0, last = 0, left = 0, top = 0, right = 0, bottom = 0;
  bool ellipse = false;
  int melted = 0, spread = 0;  ///< brighter by so much in the cameras after melting and after spreading

  bool in_layer(Index layer) const { return first <= layer && layer < last; }
  /// Calls `draw(first pixel, number of pixels)` for each row.
  template <class Draw>
  void for_rows(Index width, Draw&& draw) const {
    const double middle_y = static_cast<double>(top + bottom) / 2, radius_y = static_cast<double>(bottom - top) / 2;
    const double middle_x = static_cast<double>(left + right) / 2, radius_x = static_cast<double>(right - left) / 2;
    for (Index y = top; y < bottom; ++y) {
      Index x1 = left, x2 = right;
      if (ellipse) {
        const double v = (static_cast<double>(y) + 0.5 - middle_y) / radius_y,
                     reach = radius_x * std::sqrt(std::max(0.0, 1 - v * v));
        x1 = static_cast<Index>(std::ceil(middle_x - reach - 0.5));
        x2 = std::max(x1, static_cast<Index>(std::floor(middle_x + reach + 0.5)));
      }
      if (x1 < x2) draw(y * width + x1, x2 - x1);
    }
  }
};

/// Renders the pictures and masks of a build; every layer on its own, in any order.
class LayerScene {
 public:
  LayerScene(const Shape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {
    Random random(seed);
    add_parts(random);
    for (Index layer = 0; layer < shape[0]; ++layer) add_defects(layer, random);
  }

  const std::vector<LayerShape>& parts() const { return parts_; }
  const std::vector<LayerShape>& defects() const { return defects_; }

  /// The camera after melting (0) or after spreading (1).
  void render_camera(Index camera, Index layer, std::span<std::uint8_t> pixels) const {
    const Index width = shape_[2];
    Random random(seed_, camera, layer);
    constexpr Index grain = 6;  // pixels in a row of the same noise
    std::uint64_t noise = 0;
    for (Index y = 0; y < shape_[1]; ++y)
      for (Index x = 0, k = 0; x < width; x += grain, ++k) {
        noise = k % 8 == 0 ? random.next() : noise >> 8;
        const auto level = static_cast<std::uint8_t>(112 + (noise & 15));
        std::fill_n(pixels.begin() + y * width + x, std::min(grain, width - x), level);
      }
    for (const auto* shapes : {&parts_, &defects_})
      for (const LayerShape& shape : *shapes) {
        const int change = camera == 0 ? shape.melted : shape.spread;
        if (!shape.in_layer(layer) || change == 0) continue;
        shape.for_rows(width, [&](Index begin, Index count) {
          for (std::uint8_t& pixel : pixels.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)))
            pixel = static_cast<std::uint8_t>(std::clamp(pixel + change, 0, 255));
        });
      }
  }

  /// 1 where a class is, 0 elsewhere: powder is what no part covers.
  void render_mask(Index label, Index layer, std::span<std::uint8_t> pixels) const {
    std::fill(pixels.begin(), pixels.end(), static_cast<std::uint8_t>(label == 0));
    paint(label <= 1 ? parts_ : defects_, layer, pixels, [&](const LayerShape& shape) {
      return label == 0 ? 0 : shape.label == label ? 1 : -1;
    });
  }
  /// The number of the class of each pixel, of a defect where there is one.
  void render_labels(Index layer, std::span<std::uint8_t> pixels) const {
    std::fill(pixels.begin(), pixels.end(), std::uint8_t{0});
    for (const auto* shapes : {&parts_, &defects_})
      paint(*shapes, layer, pixels, [](const LayerShape& shape) { return static_cast<int>(shape.label); });
  }
  /// The number of the part that covers each pixel, 0 outside.
  void render_parts(Index layer, std::span<std::uint8_t> pixels) const {
    std::fill(pixels.begin(), pixels.end(), std::uint8_t{0});
    paint(parts_, layer, pixels, [&](const LayerShape& part) { return static_cast<int>(&part - parts_.data() + 1); });
  }

 private:
  /// Sets the pixels of the shapes of a layer to the value that each has, unless that is negative.
  template <class Value>
  void paint(const std::vector<LayerShape>& shapes, Index layer, std::span<std::uint8_t> pixels, Value&& value) const {
    for (const LayerShape& shape : shapes) {
      const int level = value(shape);
      if (!shape.in_layer(layer) || level < 0) continue;
      shape.for_rows(shape_[2], [&](Index begin, Index count) {
        std::fill_n(pixels.begin() + begin, count, static_cast<std::uint8_t>(level));
      });
    }
  }

  /// Parts on a grid with powder between them.
  void add_parts(Random& random) {
    const Index cell = std::max<Index>(32, std::min(shape_[1], shape_[2]) / 4);
    for (Index top = 0; top + cell <= shape_[1]; top += cell)
      for (Index left = 0; left + cell <= shape_[2]; left += cell) {
        const Index height = cell / 2 + random.integer(cell / 4), width = cell / 2 + random.integer(cell / 4);
        const Index y = top + (cell - height) / 2, x = left + (cell - width) / 2;
        parts_.push_back({1, 0, shape_[0], x, y, x + width, y + height, random.chance(0.5), 50, 10});
      }
  }

  /// The defects that begin in a layer.
  void add_defects(Index layer, Random& random) {
    const auto add = [&](Index label, Index layers, Index width, Index height, bool ellipse, int melted, int spread) {
      width = std::min(width, shape_[2]), height = std::min(height, shape_[1]);
      const Index left = random.integer(shape_[2] - width + 1), top = random.integer(shape_[1] - height + 1);
      defects_.push_back({label, layer, std::min(layer + layers, shape_[0]), left, top, left + width, top + height,
                          ellipse, melted, spread});
    };
    const double area = static_cast<double>(shape_[1] * shape_[2]) / (512.0 * 512.0);
    const auto several = [&](double mean) {  // of a mean number for 512 x 512 pixels
      const double number = mean * std::max(0.2, std::min(area, 4.0));
      return static_cast<Index>(number) + (random.chance(number - std::floor(number)) ? 1 : 0);
    };
    for (Index i = several(0.08); i > 0; --i)
      add(3, 5 + random.integer(20), 3 + random.integer(4), shape_[1] / 4 + random.integer(shape_[1] / 4), false, -20,
          -45);
    for (Index i = several(0.15); i > 0; --i)
      add(6, 1 + random.integer(3), 8 + random.integer(12), 8 + random.integer(12), true, -60, -70);
    for (Index i = several(0.10); i > 0; --i)
      add(7, 5 + random.integer(20), 16 + random.integer(24), 10 + random.integer(10), false, 30, 60);
    for (Index i = several(0.60); i > 0; --i) add(8, 1, 6 + random.integer(6), 6 + random.integer(6), true, 90, 25);
  }

  Shape shape_;
  std::uint64_t seed_;
  std::vector<LayerShape> parts_, defects_;
};

}  // namespace amdefect::synth
