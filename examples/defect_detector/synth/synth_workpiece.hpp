#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

#include "synth/synth_stage.hpp"

/// The workpieces of generated pictures, grown layer by layer.
namespace amdefect::synth {

/// How the sides of a workpiece run from its foot to its top.
enum class Profile { block, taper, step, waist };

struct Workpiece {
  double middle, foot, half_width, height, depth;
  Profile profile;
  double grown = 1;  ///< the share of its final height that it has
};

/// What a piece covers at the share `t` of its present height (0 at its foot).
inline Span sides(const Workpiece& piece, double t) {
  t *= piece.grown;
  double left = 1, right = 1;
  if (piece.profile == Profile::taper) left = right = 1 - 0.35 * t;
  if (piece.profile == Profile::step && t > 0.55) right = -0.1;
  if (piece.profile == Profile::waist) left = right = 0.8 + 0.2 * std::cos(2 * std::numbers::pi * t);
  return {piece.middle - left * piece.half_width, piece.middle + right * piece.half_width};
}

/// Pores, scratches and a heat tint on a workpiece: not labelled, they must not irritate a detector.
inline void draw_defects(Stage& stage, const Workpiece& piece, int object) {
  const auto anywhere = [&] {
    return std::pair{piece.middle + stage.random.uniform(-1, 1) * piece.half_width,
                     piece.foot - stage.random.uniform(0, 1) * piece.height};
  };
  if (stage.random.chance(0.35)) {
    const auto [x, y] = anywhere();
    const Color oxide = stage.random.chance(0.5) ? Color{1.15, 0.85, 0.6} : Color{0.75, 0.85, 1.2};
    const double radius = stage.random.uniform(0.5, 1.2) * piece.half_width;
    stage.canvas.blend_ellipse(x, y, radius, radius * 0.7, object,
                               [&](Color& pixel, double d) { pixel = mix(pixel * oxide, pixel, d); });
  }
  for (Index i = stage.random.integer(9); i > 0; --i) {
    const auto [x, y] = anywhere();
    const double radius = stage.random.uniform(1, 3.5) * stage.unit;
    stage.canvas.blend_ellipse(x, y, radius, radius * stage.random.uniform(0.6, 1), object, [](Color& pixel, double d) {
      pixel = d < 0.75 ? pixel * (0.25 + 0.3 * d) : pixel * 1.15;
    });
  }
  for (Index i = stage.random.integer(3); i > 0; --i) {
    const auto [x, y] = anywhere();
    const double angle = stage.random.uniform(0, std::numbers::pi), length = stage.random.uniform(8, 40) * stage.unit;
    const double tone = stage.random.chance(0.5) ? 1.5 : 0.5;
    for (double t = 0; t < length; t += 0.5 * stage.unit)
      stage.canvas.blend_ellipse(x + t * std::cos(angle), y - t * std::sin(angle), 0.8 * stage.unit, 0.8 * stage.unit,
                                 object, [&](Color& pixel, double) { pixel = mix(pixel, pixel * tone, 0.4); });
  }
}

/// A piece with its layers, its upper side and its shadow. Its look depends on the random numbers, not on its height:
/// with the same numbers a higher piece is the same piece, later.
inline void draw_body(Stage& stage, const Workpiece& piece, int object) {
  const Color metal = random_metal(stage.random);
  const Noise edge(stage.random), grain(stage.random), band(stage.random);
  const double layer = stage.random.uniform(2.6, 7) * stage.unit, rough = stage.random.uniform(0.3, 1.6) * stage.unit;
  const double groove = stage.random.uniform(0.18, 0.45), top = piece.foot - piece.height;
  const bool round = piece.profile == Profile::waist || stage.random.chance(0.35);
  // Contact shadow, longer on the side away from the light.
  stage.canvas.blend_ellipse(piece.middle - stage.light.side * piece.half_width * 0.5, piece.foot - 1 * stage.unit,
                             piece.half_width * 1.5, std::max(5 * stage.unit, piece.depth * 0.9), -1,
                             [](Color& pixel, double d) { pixel = pixel * (0.4 + 0.6 * d * d); });
  const auto face = [&](double y) {
    const double bead = (piece.foot - y) / layer;
    const double row = std::floor(bead), bulge = 4 * (bead - row) * (1 - (bead - row));
    const Span span = sides(piece, std::clamp((row + 0.5) * layer / piece.height, 0.0, 1.0));
    const auto line = static_cast<std::int64_t>(row);
    return Span{span.left - rough * (0.5 * edge.at(line, 0) + 0.4 * bulge),
                span.right + rough * (0.5 * edge.at(line, 1) + 0.4 * bulge)};
  };
  const auto shade = [&](double x, double y, double u) {
    const double bead = (piece.foot - y) / layer;
    const double row = std::floor(bead), bulge = 4 * (bead - row) * (1 - (bead - row));
    const double across = round ? round_shade(u, stage.light.side) : 0.75 + 0.18 * u * stage.light.side;
    const double tone = 1 - groove + groove * bulge + 0.07 * band(0, row * 1.7);
    const double ripple =
        0.06 * grain(x / (1.2 * stage.unit), y / (1.2 * stage.unit)) + 0.05 * grain(x / (9 * stage.unit), row + 50);
    return metal * (across * tone + ripple);
  };
  stage.canvas.paint(top, piece.foot, object, face, shade);
  // The upper side, seen at a low angle, with the hatching of the last layer.
  const Span rim = sides(piece, 1);
  const double slant = stage.light.side > 0 ? -0.7 : 0.7, hatch = stage.random.uniform(2.5, 5) * stage.unit;
  stage.canvas.paint(
      top - piece.depth, top, object,
      [&](double y) {
        const double shift = slant * (top - y);
        return Span{rim.left + shift * (slant < 0 ? 0.3 : 1), rim.right + shift * (slant > 0 ? 0.3 : 1)};
      },
      [&](double x, double y, double) {
        const double stripe = std::sin((x + 1.7 * (y - top)) * 2 * std::numbers::pi / hatch);
        return metal * (1.12 + 0.07 * stripe + 0.05 * grain(x / stage.unit, y / stage.unit));
      });
  if (piece.profile == Profile::step && piece.grown > 0.55) {  // the ledge
    const double ledge = piece.foot - 0.55 * piece.height / piece.grown;
    stage.canvas.paint(
        ledge - 0.4 * piece.depth, ledge, object,
        [&](double) {
          return Span{piece.middle - 0.1 * piece.half_width, piece.middle + piece.half_width};
        },
        [&](double x, double y, double) { return metal * (1.05 + 0.06 * grain(x / stage.unit, y / stage.unit)); });
  }
}

/// A piece with its defects.
inline void draw_workpiece(Stage& stage, const Workpiece& piece, int object) {
  draw_body(stage, piece, object);
  draw_defects(stage, piece, object);
}

/// Up to four workpieces that hardly overlap, the farthest first, so that nearer ones hide it.
inline std::vector<Workpiece> place_workpieces(Stage& stage) {
  const Index wanted = stage.random.chance(0.05) ? 0 : 1 + stage.random.integer(4);
  std::vector<Workpiece> pieces;
  std::vector<Box> taken;
  for (int attempt = 0; attempt < 60 && static_cast<Index>(pieces.size()) < wanted; ++attempt) {
    const double foot = stage.random.uniform(stage.horizon + 0.12 * stage.height, stage.height * 0.98);
    const double near = 0.65 + 0.5 * (foot - stage.horizon) / (stage.height - stage.horizon);
    Workpiece piece{stage.random.uniform(0.04, 0.96) * stage.width,   foot,
                    stage.random.uniform(14, 62) * stage.unit * near, stage.random.uniform(26, 150) * stage.unit * near,
                    stage.random.uniform(4, 22) * stage.unit * near,  static_cast<Profile>(stage.random.integer(4))};
    const double slant = piece.depth;
    const Box box{piece.middle - piece.half_width - slant, piece.foot - piece.height - piece.depth,
                  piece.middle + piece.half_width + slant, piece.foot};
    const bool free = box.y1 > 0.05 * stage.height && std::none_of(taken.begin(), taken.end(), [&](const Box& other) {
                        return intersection(box, other).area() > 0.06 * std::min(box.area(), other.area());
                      });
    if (!free) continue;
    taken.push_back(box);
    pieces.push_back(piece);
  }
  std::sort(pieces.begin(), pieces.end(), [](const Workpiece& a, const Workpiece& b) { return a.foot < b.foot; });
  return pieces;
}

}  // namespace amdefect::synth
