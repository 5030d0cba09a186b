#pragma once

#include <array>
#include <cmath>
#include <string>

#include "amdefect/core/number_text.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// A place in a picture, in pixels from its upper left corner: pixel i covers [i, i + 1).
struct PicturePoint {
  double x = 0, y = 0;

  friend bool operator==(const PicturePoint&, const PicturePoint&) = default;
};

/// The middle of a pixel.
inline PicturePoint pixel_centre(Index row, Index column) {
  return {static_cast<double>(column) + 0.5, static_cast<double>(row) + 0.5};
}

/// Scale and place of a picture on the plate that several sensors look at.
struct PictureFrame {
  double mm_per_pixel = 1;
  double left_mm = 0, top_mm = 0;  ///< where the upper left corner of the picture lies
};

/// Where the places of the reference picture lie in that of another sensor: the affine map
///
///     x' = xx x + xy y + x0
///     y' = yx x + yy y + y0
///
/// of pixels (continuous, see `PicturePoint`). As made by default nothing moves.
struct Registration {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;

  PicturePoint operator()(const PicturePoint& p) const { return {xx * p.x + xy * p.y + x0, yx * p.x + yy * p.y + y0}; }
  double determinant() const { return xx * yy - xy * yx; }
  /// How many pixels of the sensor one column, or row, of the reference picture covers.
  double column_step() const { return std::hypot(xx, yx); }
  double row_step() const { return std::hypot(xy, yy); }

  friend bool operator==(const Registration&, const Registration&) = default;
};

/// A text that differs wherever registrations do, for keys of pictures.
inline std::string registration_key(const Registration& r) {
  std::string key;
  for (const double number : {r.xx, r.xy, r.x0, r.yx, r.yy, r.y0}) key += ' ' + shortest_number(number);
  return key;
}

/// Throws an Error unless the numbers are finite and the map can be inverted.
inline void check(const Registration& r) {
  for (const double number : {r.xx, r.xy, r.x0, r.yx, r.yy, r.y0})
    require(std::isfinite(number), "registration: holds a number that is not finite, expected a matrix of 2 x 3");
  const double size = r.column_step() * r.row_step();  // of the area, where both are at right angles
  require(std::abs(r.determinant()) > 1e-9 * size && size > 0, "registration: the matrix [[", r.xx, ", ", r.xy, ", ",
          r.x0, "], [", r.yx, ", ", r.yy, ", ", r.y0, "]] is singular: it maps the picture to a line or a point");
}

/// The map of a matrix of two rows. @throws Error if it cannot be inverted.
inline Registration registration_of(const std::array<std::array<double, 3>, 2>& matrix) {
  const Registration r{matrix[0][0], matrix[0][1], matrix[0][2], matrix[1][0], matrix[1][1], matrix[1][2]};
  check(r);
  return r;
}

/// The map between pictures of known scale and place whose axes are parallel. @throws Error for a scale that is not
/// positive.
inline Registration registration_of(const PictureFrame& reference, const PictureFrame& sensor) {
  for (const PictureFrame* frame : {&reference, &sensor})
    require(std::isfinite(frame->mm_per_pixel) && frame->mm_per_pixel > 0, "registration: ", frame->mm_per_pixel,
            " mm per pixel, expected a number above 0");
  const double scale = reference.mm_per_pixel / sensor.mm_per_pixel;
  const Registration r{scale, 0,     (reference.left_mm - sensor.left_mm) / sensor.mm_per_pixel,
                       0,     scale, (reference.top_mm - sensor.top_mm) / sensor.mm_per_pixel};
  check(r);
  return r;
}

/// The map between pictures that show the same, whole, with another number of pixels. @throws Error for an empty one.
inline Registration stretch_registration(Index height, Index width, Index sensor_height, Index sensor_width) {
  require(height > 0 && width > 0 && sensor_height > 0 && sensor_width > 0, "registration: from ", height, 'x', width,
          " to ", sensor_height, 'x', sensor_width, " pixels, expected pictures that are not empty");
  return {static_cast<double>(sensor_width) / static_cast<double>(width),   0, 0, 0,
          static_cast<double>(sensor_height) / static_cast<double>(height), 0};
}

/// First `first`, then `second`.
inline Registration compose(const Registration& second, const Registration& first) {
  const auto [x0, y0] = second({first.x0, first.y0});
  return {second.xx * first.xx + second.xy * first.yx, second.xx * first.xy + second.xy * first.yy, x0,
          second.yx * first.xx + second.yy * first.yx, second.yx * first.xy + second.yy * first.yy, y0};
}

/// The way back. @throws Error for a map that cannot be inverted.
inline Registration inverse(const Registration& r) {
  check(r);
  const double d = r.determinant();
  Registration back{r.yy / d, -r.xy / d, 0, -r.yx / d, r.xx / d, 0};
  const auto [x, y] = back({r.x0, r.y0});
  back.x0 = -x;
  back.y0 = -y;
  return back;
}

}  // namespace amdefect
