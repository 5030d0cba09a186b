#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "amdefect/data/sample.hpp"
#include "synth/synth_canvas.hpp"

/// Micrographs of polished metal with dark pores.
namespace amdefect::synth {

/// A pore: an ellipse with an uneven rim, nearly black inside. Returns the box around it.
inline Box draw_pore(Canvas& canvas, Random& random) {
  const double radius = 2 + 9 * random.uniform(0, 1) * random.uniform(0, 1) * random.uniform(0.5, 1.5);
  const double stretch = random.uniform(0.7, 1), turn = random.uniform(0, std::numbers::pi);
  const double x = random.uniform(12, static_cast<double>(canvas.width()) - 12);
  const double y = random.uniform(12, static_cast<double>(canvas.height()) - 12);
  const double depth = random.uniform(0.7, 0.95);
  const Noise rim(random);
  Box box{x, y, x, y};
  const double reach = 1.4 * radius + 2;
  for (Index row = std::max<Index>(0, static_cast<Index>(y - reach));
       row < std::min(canvas.height(), static_cast<Index>(y + reach) + 1); ++row)
    for (Index column = std::max<Index>(0, static_cast<Index>(x - reach));
         column < std::min(canvas.width(), static_cast<Index>(x + reach) + 1); ++column) {
      const double u = static_cast<double>(column) + 0.5 - x, v = static_cast<double>(row) + 0.5 - y;
      const double along = u * std::cos(turn) + v * std::sin(turn),
                   across = (v * std::cos(turn) - u * std::sin(turn)) / stretch;
      const double distance = std::hypot(along, across), angle = std::atan2(across, along);
      const double edge = radius * (1 + 0.25 * rim(2 * std::cos(angle), 2 * std::sin(angle)));
      const double inside = 1 / (1 + std::exp(2.5 * (distance - edge)));
      canvas(row, column) = canvas(row, column) * (1 - depth * inside);
      if (inside < 0.5) continue;
      box = {std::min(box.x1, static_cast<double>(column)), std::min(box.y1, static_cast<double>(row)),
             std::max(box.x2, static_cast<double>(column) + 1), std::max(box.y2, static_cast<double>(row) + 1)};
    }
  return box;
}

/// Draws a micrograph: grey metal with traces of polishing, and pores that do not touch.
inline Sample render_pores(Index height, Index width, Random& random) {
  Canvas canvas(height, width);
  const Noise shade(random), grain(random), traces(random);
  const double grey = random.uniform(0.5, 0.75), turn = random.uniform(0, std::numbers::pi);
  for (Index row = 0; row < height; ++row)
    for (Index column = 0; column < width; ++column) {
      const auto x = static_cast<double>(column), y = static_cast<double>(row);
      const double along = x * std::cos(turn) + y * std::sin(turn), across = y * std::cos(turn) - x * std::sin(turn);
      const double value = grey * (1 + 0.05 * shade(x / 90, y / 90) + 0.02 * grain(x / 2, y / 2) +
                                   0.02 * traces(along / 120, across / 1.5));
      canvas(row, column) = Color{1, 1, 1} * value;
    }
  Sample sample{Image(height, width, 3), {}, {}};
  const double area = static_cast<double>(height) * static_cast<double>(width);
  for (Index i = static_cast<Index>(area / 6000 * random.uniform(0.3, 1.5)); i >= 0; --i) {
    const Canvas before = canvas;
    const Box box = draw_pore(canvas, random);
    const Box around{box.x1 - 3, box.y1 - 3, box.x2 + 3, box.y2 + 3};
    const bool touches = std::any_of(sample.objects.begin(), sample.objects.end(), [&](const LabelledBox& other) {
      return intersection(around, other.box).area() > 0;
    });
    if (touches || !(box.area() > 0))
      canvas = before;
    else
      sample.objects.push_back({box, 0});
  }
  for (Index row = 0; row < height; ++row)
    for (Index column = 0; column < width; ++column) {
      const double value = canvas(row, column).r + 0.012 * random.normal();
      std::fill_n(sample.image.pixel(row, column), 3, to_byte(255 * value));
    }
  return sample;
}

}  // namespace amdefect::synth
