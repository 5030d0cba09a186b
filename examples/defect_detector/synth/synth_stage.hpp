#pragma once

#include <array>
#include <cmath>
#include <numbers>

#include "synth/synth_canvas.hpp"

/// What all generated pictures have in common: metals, light, the printer's chamber and its build plate.
namespace amdefect::synth {

/// Where the light comes from and how strong it is.
struct Light {
  double side = 0;      ///< from the left (-1) to the right (1)
  double exposure = 1;  ///< of the whole picture
  Color tint{1, 1, 1};
  double spot_x = 0, spot_y = 0, spot_radius = 1, spot = 0;  ///< a lamp's pool of light
  double vignette = 0;                                       ///< loss towards the corners
  double noise = 0;                                          ///< of the sensor
};

inline Color random_metal(Random& random) {
  constexpr std::array<Color, 7> metals = {{{0.60, 0.62, 0.65},    // steel
                                            {0.50, 0.48, 0.47},    // titanium
                                            {0.74, 0.75, 0.77},    // aluminium
                                            {0.74, 0.60, 0.36},    // brass
                                            {0.70, 0.46, 0.34},    // copper
                                            {0.34, 0.34, 0.37},    // oxide
                                            {0.45, 0.48, 0.56}}};  // blued steel
  const Color metal = metals[static_cast<std::size_t>(random.integer(static_cast<Index>(metals.size())))];
  return metal * random.uniform(0.8, 1.15);
}

/// Brightness across a round bar: diffuse light from one side, and a glint.
inline double round_shade(double u, double side) {
  const double across = std::sqrt(std::max(0.0, 1 - u * u));
  const double facing = std::max(0.0, across * 0.8 + u * side * 0.6);
  const double glint = std::exp(-30 * (u - 0.5 * side) * (u - 0.5 * side));
  return 0.3 + 0.65 * facing + 0.45 * glint;
}

/// A picture in the making. All sizes scale with its shorter side.
struct Stage {
  Stage(Index picture_height, Index picture_width, Random& generator)
      : random(generator),
        canvas(picture_height, picture_width),
        unit(static_cast<double>(std::min(picture_height, picture_width)) / 416),
        width(static_cast<double>(picture_width)),
        height(static_cast<double>(picture_height)),
        horizon(height * random.uniform(0.2, 0.5)) {
    light.side = random.uniform(-1, 1);
    light.exposure = random.uniform(0.75, 1.5);
    light.tint = {random.uniform(0.88, 1.1), random.uniform(0.94, 1.04), random.uniform(0.85, 1.12)};
    light.spot_x = random.uniform(0, width);
    light.spot_y = random.uniform(0, height);
    light.spot_radius = random.uniform(0.4, 1) * width;
    light.spot = random.uniform(-0.1, 0.6);
    light.vignette = random.uniform(0, 0.5);
    light.noise = random.uniform(0.004, 0.03);
  }

  Random& random;
  Canvas canvas;
  double unit;           ///< pixels per 1/416 of the shorter side
  double width, height;  ///< of the picture
  double horizon;        ///< row of the far end of the build plate
  Light light;
};

/// The wall of the chamber, with rails and pipes of the same metals as the tools but without their shape.
inline void draw_chamber(Stage& stage) {
  const Noise blur(stage.random), grain(stage.random);
  const double tone = stage.random.uniform(0.12, 0.55);
  const Color wall =
      Color{stage.random.uniform(0.85, 1.15), stage.random.uniform(0.9, 1.1), stage.random.uniform(0.85, 1.2)} * tone;
  for (Index y = 0; y < stage.canvas.height(); ++y)
    for (Index x = 0; x < stage.canvas.width(); ++x) {
      const double u = static_cast<double>(x) / stage.unit, v = static_cast<double>(y) / stage.unit;
      stage.canvas(y, x) = wall * (0.8 + 0.3 * blur(u / 90, v / 90) + 0.04 * grain(u, v));
    }
  // Rails and pipes in the background, of the same metals as the tools but without their shape.
  for (Index i = stage.random.integer(4); i > 0; --i) {
    const double middle = stage.random.uniform(0, stage.width), half = stage.random.uniform(2, 9) * stage.unit;
    const Color metal = random_metal(stage.random) * 0.6;
    stage.canvas.paint(
        0, stage.horizon + 1, 0,
        [&](double) {
          return Span{middle - half, middle + half};
        },
        [&](double, double, double u) { return metal * round_shade(u, stage.light.side); });
  }
  if (stage.random.chance(0.5)) {
    const double top = stage.random.uniform(0, stage.horizon * 0.7),
                 thickness = stage.random.uniform(6, 24) * stage.unit;
    const Color metal = random_metal(stage.random) * 0.55;
    stage.canvas.paint(
        top, top + thickness, 0,
        [&](double) {
          return Span{0, stage.width};
        },
        [&](double, double y, double) { return metal * round_shade(2 * (y - top) / thickness - 1, -0.6); });
  }
}

/// Brushed metal that gets finer with the distance, with stains and screw heads.
inline void draw_plate(Stage& stage) {
  const Noise brush(stage.random), stain(stage.random);
  const Color any = random_metal(stage.random);
  const double grey = (any.r + any.g + any.b) / 3;
  const Color metal = mix(any, {grey, grey, grey}, 0.7);
  const bool along = stage.random.chance(0.7);
  const double strength = stage.random.uniform(0.06, 0.25);
  stage.canvas.paint(
      stage.horizon, stage.height, 0,
      [&](double) {
        return Span{0, stage.width};
      },
      [&](double x, double y, double) {
        const double near = (y - stage.horizon) / (stage.height - stage.horizon);  // perspective: finer in the distance
        const double u = (x - stage.width / 2) / (0.45 + 0.55 * near) / stage.unit;
        const double v = (y - stage.horizon) * (2.2 - 1.2 * near) / stage.unit;
        const double lines = along ? brush(u / 45, v / 1.1) + 0.6 * brush(u / 13 + 99, v / 0.7)
                                   : brush(u / 1.1, v / 45) + 0.6 * brush(u / 0.7, v / 13 + 99);
        return metal * (0.62 + 0.3 * near + strength * lines + 0.12 * stain(u / 60, v / 60));
      });
  stage.canvas.paint(
      stage.horizon - 1.5 * stage.unit, stage.horizon + 1.5 * stage.unit, 0,
      [&](double) {
        return Span{0, stage.width};
      },
      [&](double, double, double) { return metal * 0.35; });
  for (Index i = stage.random.integer(5); i > 0; --i) {  // screw heads
    const double radius = stage.random.uniform(4, 9) * stage.unit, x = stage.random.uniform(0, stage.width);
    const double y = stage.random.uniform(stage.horizon + radius, stage.height), turn = stage.random.uniform(-1, 1);
    stage.canvas.blend_ellipse(x, y, radius, radius * 0.6, -1, [&](Color& pixel, double d) {
      pixel = mix(metal * (1.1 - 0.5 * d), pixel, d > 0.85 ? (d - 0.85) / 0.15 : 0);
    });
    stage.canvas.blend_ellipse(x, y, radius * 0.7, radius * (0.1 + 0.1 * std::abs(turn)), -1,
                               [](Color& pixel, double) { pixel = pixel * 0.45; });
  }
}

/// Light, sensor and 8-bit values.
inline void expose(Stage& stage, Image& image) {
  for (Index y = 0; y < image.height(); ++y)
    for (Index x = 0; x < image.width(); ++x) {
      const double u = static_cast<double>(x), v = static_cast<double>(y);
      const double from_spot = std::hypot(u - stage.light.spot_x, v - stage.light.spot_y) / stage.light.spot_radius;
      const double corner = std::hypot(2 * u / stage.width - 1, 2 * v / stage.height - 1) / std::numbers::sqrt2;
      const double strength = stage.light.exposure * (1 + stage.light.spot * std::exp(-from_spot * from_spot * 2)) *
                              (1 - stage.light.vignette * corner * corner);
      const Color color = stage.canvas(y, x) * stage.light.tint * strength;
      const double grain = stage.light.noise * stage.random.normal();
      std::uint8_t* pixel = image.pixel(y, x);
      for (const double value : {color.r, color.g, color.b}) {
        // A soft shoulder instead of clipping: highlights of metal keep their form.
        const double bright = std::max(0.0, value);
        const double shown = bright < 0.7 ? bright : 1 - 0.3 * std::exp(-(bright - 0.7) / 0.3);
        *pixel++ = to_byte(255 * (shown + grain));
      }
    }
}

}  // namespace amdefect::synth
