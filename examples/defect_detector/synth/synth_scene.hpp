#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "amdefect/data/sample.hpp"
#include "synth/synth_workpiece.hpp"

/// Scenes of a metal printer: a build plate of brushed metal, workpieces grown layer by layer, and tools above them.
namespace amdefect::synth {

/// Class indices of the objects, equal to the category ids: 0 (the supercategory) and 2 never occur.
inline constexpr Index nozzle_label = 1, workpiece_label = 3;

/// The melt pool and its sparks.
inline void draw_glow(Stage& stage, double x, double y) {
  const double radius = stage.random.uniform(20, 60) * stage.unit, power = stage.random.uniform(0.4, 1);
  const auto add = [](Color& pixel, double strength) { pixel = pixel + Color{1.6, 0.8, 0.3} * strength; };
  stage.canvas.blend_ellipse(x, y + 2 * stage.unit, radius, radius * 0.8, -1, [&](Color& pixel, double d) {
    add(pixel, power * (1 - d) * (1 - d) * (d < 0.2 ? 1.6 : 0.8));
  });
  for (Index i = stage.random.integer(14); i > 0; --i) {
    const double angle = stage.random.uniform(0.05, 0.95) * std::numbers::pi,
                 reach = stage.random.uniform(10, 70) * stage.unit;
    const double length = stage.random.uniform(2, 12) * stage.unit;
    for (double t = reach; t < reach + length; t += 0.6 * stage.unit)
      stage.canvas.blend_ellipse(x + t * std::cos(angle), y - 0.7 * t * std::sin(angle) + 0.006 * t * t / stage.unit,
                                 0.9 * stage.unit, 0.9 * stage.unit, -1,
                                 [&](Color& pixel, double d) { add(pixel, 0.5 * (1 - d)); });
  }
}

/// A tool that points down: its axis, the rows of its upper end and of its mouth, half of its width.
struct Tool {
  double middle, top, end, half;
};

/// A tool of barrel, hexagonal nut and tapered tip.
inline void draw_tool(Stage& stage, const Tool& tool, int object) {
  const auto [middle, top, end, half] = tool;
  const double tip = stage.random.uniform(0.9, 1.9) * half, nut = stage.random.uniform(0.35, 0.7) * half;
  const double mouth = stage.random.uniform(0.12, 0.25) * half, barrel_end = std::max(top + 4, end - tip - nut);
  const Color barrel = random_metal(stage.random), brass = random_metal(stage.random);
  const Noise brush(stage.random);
  const double rings = stage.random.chance(0.5) ? stage.random.uniform(6, 14) * stage.unit : 0;
  const auto bar = [&](double u, double x, double y) {
    return round_shade(u, stage.light.side) + 0.07 * brush(x / (0.8 * stage.unit), y / (25 * stage.unit));
  };
  const auto width_of = [&](double width) { return Span{tool.middle - width, tool.middle + width}; };
  stage.canvas.paint(
      top, barrel_end, object, [&](double) { return width_of(0.8 * tool.half); },
      [&](double x, double y, double u) {
        const bool dark = rings > 0 && std::fmod(y - tool.top, rings) < 0.3 * rings;  // cooling fins
        return barrel * (bar(u, x, y) * (dark ? 0.55 : 1));
      });
  stage.canvas.paint(
      barrel_end, barrel_end + nut, object, [&](double) { return width_of(tool.half); },
      [&](double x, double y, double u) {
        const double facet = u < -0.5 ? -0.7 : u < 0.5 ? 0 : 0.7;
        return brass * (0.62 + 0.3 * (1 - std::abs(facet)) + 0.25 * facet * stage.light.side +
                        0.05 * brush(x / stage.unit, y / stage.unit));
      });
  stage.canvas.paint(
      barrel_end + nut, end, object,
      [&](double y) {
        const double share = (y - barrel_end - nut) / std::max(tool.end - barrel_end - nut, 1.0);
        return width_of(0.85 * tool.half + (mouth - 0.85 * tool.half) * std::min(1.0, share * 1.08));
      },
      [&](double x, double y, double u) { return brass * bar(u, x, y); });
}

/// A tool that hangs from the upper border; at work it melts what it points at.
inline void draw_nozzle(Stage& stage, int object, const std::vector<Workpiece>& pieces, std::vector<double>& centres) {
  const double half = stage.random.uniform(13, 36) * stage.unit;
  double middle = stage.random.uniform(0.1, 0.9) * stage.width, end = stage.random.uniform(0.28, 0.75) * stage.height;
  if (!pieces.empty() && stage.random.chance(0.6)) {  // above a workpiece
    const Workpiece& piece = pieces[static_cast<std::size_t>(stage.random.integer(static_cast<Index>(pieces.size())))];
    middle = piece.middle + stage.random.uniform(-0.6, 0.3) * piece.half_width;
    end = std::max(0.16 * stage.height,
                   piece.foot - piece.height - piece.depth * 0.5 - stage.random.uniform(0, 10) * stage.unit);
  }
  for (const double other : centres)
    if (std::abs(other - middle) < 90 * stage.unit) return;
  centres.push_back(middle);
  draw_tool(stage, {middle, 0, end, half}, object);
  if (stage.random.chance(0.5)) draw_glow(stage, middle, end);
}

/// Draws one picture with the boxes of what is seen of its objects.
inline Sample render_scene(Index height, Index width, Random& random) {
  Stage stage(height, width, random);
  draw_chamber(stage);
  draw_plate(stage);
  const std::vector<Workpiece> pieces = place_workpieces(stage);
  int object = 0;
  for (const Workpiece& piece : pieces) draw_workpiece(stage, piece, ++object);
  const Index nozzles = random.chance(0.12) ? 0 : random.chance(0.25) ? 2 : 1;
  std::vector<double> centres;
  for (Index i = 0; i < nozzles; ++i) draw_nozzle(stage, ++object, pieces, centres);

  Sample sample{Image(height, width, 3), {}, {}};
  for (int i = 1; i <= object; ++i) {
    const Canvas::Extent seen = stage.canvas.extent(i);
    const double least = 8 * stage.unit;  // what is all but hidden is not labelled
    if (seen.box.width() >= least && seen.box.height() >= least &&
        static_cast<double>(seen.pixels) >= 0.25 * seen.box.area())
      sample.objects.push_back({seen.box, i <= static_cast<int>(pieces.size()) ? workpiece_label : nozzle_label});
  }
  expose(stage, sample.image);
  return sample;
}

}  // namespace amdefect::synth
