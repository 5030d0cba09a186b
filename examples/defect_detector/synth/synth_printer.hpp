#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "synth/synth_machine.hpp"

/// Pictures from recordings of printers: a fixed camera, one nozzle, one workpiece that grows.
namespace amdefect::synth {

/// What was recorded: so many printers, and so many prints of each.
inline constexpr Index machines = 5, prints_of_a_machine = 4;

/// Columns beside a piece that hold its overhangs; not labelled.
inline void draw_supports(Stage& stage, const Machine& machine, const Workpiece& piece) {
  const double side = stage.random.chance(0.5) ? -1 : 1, reach = stage.random.uniform(0.1, 0.4) * piece.half_width;
  const double pitch = stage.random.uniform(6, 10) * machine.scale,
               thick = stage.random.uniform(1.2, 2.2) * machine.scale;
  const double height = std::min(piece.height, stage.random.uniform(40, 120) * machine.scale);
  const Color metal = random_metal(stage.random) * 0.9;
  for (double x = 0; x < reach + piece.half_width; x += pitch) {
    const double middle = piece.middle + side * x;
    draw_bar(stage, {middle - thick, piece.foot - height, middle + thick, piece.foot}, metal, true);
  }
  for (double y = 10 * machine.scale; y < height; y += 14 * machine.scale) {
    const double end = piece.middle + side * (reach + piece.half_width);
    draw_bar(stage,
             {std::min(piece.middle, end), piece.foot - y - thick / 2, std::max(piece.middle, end),
              piece.foot - y + thick / 2},
             metal, false);
  }
}

/// Light that falls into the camera: a reflection on the plate, and a veil with a streak before everything.
inline void draw_glare(Stage& stage, const Machine& machine, double foot) {
  const auto add = [&](double x, double y, double radius_x, double radius_y, double strength) {
    stage.canvas.blend_ellipse(x, y, radius_x, radius_y, -1, [&](Color& pixel, double d) {
      pixel = pixel + stage.light.tint * (strength * (1 - d) * (1 - d));
    });
  };
  const double x = machine.middle + stage.random.uniform(-0.9, 0.9) * machine.half_plate;
  add(x, foot, stage.random.uniform(20, 70) * machine.scale, stage.random.uniform(5, 16) * machine.scale,
      stage.random.uniform(0.2, 1.4));
  if (stage.random.chance(0.4)) {
    const double radius = stage.random.uniform(60, 170) * stage.unit;
    const double veil_x = stage.random.uniform(0, stage.width), veil_y = stage.random.uniform(0, stage.height);
    add(veil_x, veil_y, radius, radius, stage.random.uniform(0.15, 0.8));
    add(veil_x, veil_y, 1.8 * radius, 5 * stage.unit, stage.random.uniform(0, 0.5));
  }
}

/// What a picture shows of the recordings.
struct Moment {
  Index machine, print;
  double progress;  ///< of the print: the share of its height that the workpiece has
  double across;    ///< where the nozzle is, from the left (-1) to the right (1) end of the workpiece's top
  double gap;       ///< units between the workpiece and the nozzle
  double exposure;  ///< by which the camera corrects itself
};

inline Moment random_moment(Random& random) {
  return {.machine = random.integer(machines),
          .print = random.integer(prints_of_a_machine),
          .progress = random.uniform(0.04, 1),
          .across = random.uniform(-0.8, 0.8),
          .gap = random.uniform(0, 4),
          .exposure = random.uniform(0.93, 1.07)};
}

/// Draws a moment. `seed` makes printers and prints, the same in each of their pictures; `random` the melt pool and the
/// noise of the sensor. The boxes are those of what is seen of the nozzle (the first object) and of the workpiece.
inline Sample render_moment(Index height, Index width, std::uint64_t seed, const Moment& moment, Random& random) {
  enum Part { pose, print, frame, supports, body, head, glare };
  const auto look = [&](Part part, Index of_print = -1) {
    return Random(seed, 0x7072696e74657273, moment.machine, part, of_print);  // far from the streams of pictures
  };
  Random numbers = look(pose);
  Stage stage(height, width, numbers);
  const Machine machine = random_machine(stage);

  numbers = look(print, moment.print);
  Workpiece piece{machine.middle + numbers.uniform(-25, 25) * machine.scale,
                  machine.foot,
                  numbers.uniform(55, 95) * machine.scale,
                  numbers.uniform(105, 180) * machine.scale * moment.progress,
                  numbers.uniform(8, 20) * machine.scale,
                  static_cast<Profile>(numbers.integer(4)),
                  moment.progress};
  if (machine.sinks) piece.foot += piece.height;  // of high ones the camera does not see the foot
  stage.light.exposure *= numbers.uniform(0.8, 1.2) * moment.exposure;
  stage.horizon = piece.foot - 0.6 * machine.depth;

  numbers = look(frame);
  draw_frame(stage, machine);
  draw_build_plate(stage, machine, piece.foot);
  numbers = look(supports, moment.print);
  if (numbers.chance(0.5)) draw_supports(stage, machine, piece);
  numbers = look(body, moment.print);
  draw_body(stage, piece, 1);
  numbers = look(head);
  const Span rim = sides(piece, 1);
  const double x = (rim.left + rim.right + moment.across * (rim.right - rim.left)) / 2;
  const double y = piece.foot - piece.height - 0.6 * piece.depth - moment.gap * machine.scale;
  draw_print_head(stage, machine, x, y, 2);
  numbers = random;
  if (numbers.chance(0.4)) draw_glow(stage, x, y);
  numbers = look(glare, moment.print);
  draw_glare(stage, machine, piece.foot);
  for (Index i = 0; i < machine.blur; ++i) soften(stage.canvas);

  Sample sample{Image(height, width, 3), {}, {}};
  for (const auto& [object, label] : {std::pair{2, nozzle_label}, {1, workpiece_label}})
    if (const Canvas::Extent seen = stage.canvas.extent(object); seen.pixels > 0)  // none in very small pictures
      sample.objects.push_back({seen.box, label});
  numbers = Random(random.next(), 1);
  expose(stage, sample.image);
  return sample;
}

/// One picture of a data set: a random moment.
inline Sample render_printer(Index height, Index width, std::uint64_t seed, Random& random) {
  const Moment moment = random_moment(random);
  return render_moment(height, width, seed, moment, random);
}

}  // namespace amdefect::synth
