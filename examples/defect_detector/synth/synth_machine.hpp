#pragma once

#include <algorithm>
#include <cmath>

#include "synth/synth_scene.hpp"

/// Printers as a fixed camera sees them: frame, build plate, and a carriage on a beam.
namespace amdefect::synth {

/// A printer and the pose of the camera before it; in pixels of the picture.
struct Machine {
  double scale;                ///< pixels per unit, as the distance of the camera has it
  double middle, foot;         ///< of what is printed when it begins: its axis and its lowest row
  double half_plate, depth;    ///< of the build plate: half of its width at the front, and its rows
  double half_frame, post;     ///< distance of the posts from the middle, and half of their width
  bool sinks;                  ///< the plate goes down with each layer, else the beam goes up
  double half_nozzle, nozzle;  ///< half of the nozzle's width, and its length
  double half_carriage, beam;  ///< half of the carriage's width, and the beam's height
  Color frame, plate, carriage;
  Index blur;  ///< passes of a filter: how far the camera is out of focus
};

inline Machine random_machine(Stage& stage) {
  Random& random = stage.random;
  const double scale = random.uniform(0.85, 1.2) * stage.unit;
  const bool sinks = random.chance(0.4);
  return {.scale = scale,
          .middle = random.uniform(0.42, 0.58) * stage.width,
          .foot = (sinks ? random.uniform(0.52, 0.6) : random.uniform(0.78, 0.9)) * stage.height,
          .half_plate = random.uniform(130, 175) * scale,
          .depth = random.uniform(28, 60) * scale,
          .half_frame = random.uniform(165, 200) * scale,
          .post = random.uniform(7, 15) * scale,
          .sinks = sinks,
          .half_nozzle = random.uniform(24, 36) * scale,
          .nozzle = random.uniform(85, 125) * scale,
          .half_carriage = random.uniform(42, 60) * scale,
          .beam = random.uniform(12, 24) * scale,
          .frame = random_metal(random) * random.uniform(0.5, 1),
          .plate = mix(random_metal(random), {0.4, 0.4, 0.4}, 0.6),
          .carriage = random_metal(random) * random.uniform(0.35, 0.8),
          .blur = random.integer(3)};
}

/// A bar with parallel sides.
inline void draw_bar(Stage& stage, const Box& box, const Color& color, bool upright) {
  stage.canvas.paint(
      box.y1, box.y2, 0,
      [&](double) {
        return Span{box.x1, box.x2};
      },
      [&](double, double y, double u) {
        const double across = upright ? u : 2 * (y - box.y1) / box.height() - 1;
        return color * (std::abs(across) < 0.25 ? 0.55 : round_shade(across, upright ? stage.light.side : -0.6));
      });
}

/// Wall, posts and a panel with lights.
inline void draw_frame(Stage& stage, const Machine& machine) {
  draw_chamber(stage);
  for (const double side : {-1.0, 1.0}) {
    const double x = machine.middle + side * machine.half_frame;
    draw_bar(stage, {x - machine.post, 0, x + machine.post, stage.height}, machine.frame, true);
  }
  draw_bar(stage, {0, stage.height - 1.6 * machine.post, stage.width, stage.height}, machine.frame, false);
  const double x = stage.random.uniform(0.05, 0.95) * stage.width, y = stage.random.uniform(0.05, 0.3) * stage.height;
  for (Index i = stage.random.integer(4); i > 0; --i) {
    const Color lamp{stage.random.uniform(), stage.random.uniform(), stage.random.uniform()};
    stage.canvas.blend_ellipse(x + static_cast<double>(i) * 11 * machine.scale, y, 4 * machine.scale, 4 * machine.scale,
                               -1, [&](Color& pixel, double d) { pixel = pixel + lamp * (1.2 * (1 - d)); });
  }
}

/// The build plate, narrower at its far end, with its front edge; `foot` is the row where things stand on it.
inline void draw_build_plate(Stage& stage, const Machine& machine, double foot) {
  const Noise brush(stage.random), stain(stage.random);
  const double near = foot + 0.4 * machine.depth, far = near - machine.depth, edge = 8 * machine.scale;
  const double grid = stage.random.chance(0.5) ? stage.random.uniform(18, 30) * machine.scale : 0;
  stage.canvas.paint(
      far, near, 0,
      [&](double y) {
        const double half = machine.half_plate * (0.82 + 0.18 * (y - far) / machine.depth);
        return Span{machine.middle - half, machine.middle + half};
      },
      [&](double x, double y, double u) {
        const double texture =
            0.08 * brush((x - machine.middle) / (30 * machine.scale), (y - foot) / machine.scale) +
            0.1 * stain((x - machine.middle) / (50 * machine.scale), (y - foot) / machine.scale / 50);
        const bool line = grid > 0 && std::fmod((u + 1) * machine.half_plate, grid) < 1.4 * machine.scale;
        return machine.plate * ((line ? 0.65 : 0.85) + texture + 0.15 * (y - far) / machine.depth);
      });
  draw_bar(stage, {machine.middle - machine.half_plate, near, machine.middle + machine.half_plate, near + edge},
           machine.plate * 0.6, false);
  for (const double side : {-0.8, 0.8}) {  // the screws that level it
    const double x = machine.middle + side * machine.half_plate;
    draw_bar(stage, {x - 5 * machine.scale, near + edge, x + 5 * machine.scale, near + 3 * edge}, machine.frame, true);
  }
}

/// The beam across the frame, the carriage and its cable, and in front of them the nozzle whose mouth is at (x, y).
inline void draw_print_head(Stage& stage, const Machine& machine, double x, double y, int object) {
  const double top = y - machine.nozzle, middle = top + 0.3 * machine.nozzle;
  draw_bar(stage,
           {machine.middle - machine.half_frame, middle - machine.beam / 2, machine.middle + machine.half_frame,
            middle + machine.beam / 2},
           machine.frame, false);
  const double lean = stage.random.uniform(-60, 60) * machine.scale, thick = stage.random.uniform(2, 4) * machine.scale;
  stage.canvas.paint(
      0, top, 0,
      [&](double row) {
        const double share = 1 - row / std::max(top, 1.0), bow = lean * share * share;
        return Span{x + bow - thick, x + bow + thick};
      },
      [&](double, double, double u) {
        return Color{0.12, 0.12, 0.14} * (0.6 + round_shade(u, stage.light.side));
      });
  draw_bar(
      stage,
      {x - machine.half_carriage, top - 0.1 * machine.nozzle, x + machine.half_carriage, top + 0.55 * machine.nozzle},
      machine.carriage, false);
  draw_tool(stage, {x, top, y, machine.half_nozzle}, object);
}

/// Makes the picture less sharp: a binomial filter of three pixels along rows and columns.
inline void soften(Canvas& canvas) {
  const auto along = [&](Index lines, Index length, auto&& pixel) {
    for (Index line = 0; line < lines; ++line) {
      Color before = pixel(line, 0);
      for (Index i = 0; i < length; ++i) {
        const Color here = pixel(line, i), after = pixel(line, std::min(i + 1, length - 1));
        pixel(line, i) = (before + here * 2 + after) * 0.25;
        before = here;
      }
    }
  };
  along(canvas.height(), canvas.width(), [&](Index y, Index x) -> Color& { return canvas(y, x); });
  along(canvas.width(), canvas.height(), [&](Index x, Index y) -> Color& { return canvas(y, x); });
}

}  // namespace amdefect::synth
