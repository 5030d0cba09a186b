#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "amdefect/image/image.hpp"
#include "amdefect/sensors/registration.hpp"

namespace amdefect {

/// What stands in pixels of which a sensor knows nothing.
inline constexpr float unknown_pixel = std::numeric_limits<float>::quiet_NaN();

namespace detail {

/// The pixels before and behind a place along an axis, and the share of the second one; as the border beyond centres.
struct BilinearTap {
  Index first, second;
  float share;

  BilinearTap(double place, Index size) {
    const double at = std::clamp(place - 0.5, 0.0, static_cast<double>(size - 1));
    first = static_cast<Index>(at);
    second = std::min(first + 1, size - 1);
    share = static_cast<float>(at - static_cast<double>(first));
  }
};

/// Looks at a sensor's picture through a registration.
template <PixelType P>
class Resampler {
 public:
  Resampler(const TensorView<const P>& picture, const Registration& registration)
      : picture_(picture),
        registration_(registration),
        rows_(steps(registration.row_step())),
        columns_(steps(registration.column_step())) {}

  /// The mean over the reference pixel (y, x) of every channel; false, and nothing written, where all of the pixel lies
  /// outside of the sensor's picture.
  bool pixel(double y, double x, float* to) const {
    const Index channels = picture_.dim(2);
    Index inside = 0;
    for (Index row = 0; row < rows_; ++row)
      for (Index column = 0; column < columns_; ++column) {
        const PicturePoint p = registration_({x + centre(column, columns_), y + centre(row, rows_)});
        if (!(p.x >= 0 && p.y >= 0 && p.x <= static_cast<double>(picture_.dim(1)) &&
              p.y <= static_cast<double>(picture_.dim(0))))
          continue;
        const BilinearTap v(p.y, picture_.dim(0)), u(p.x, picture_.dim(1));
        for (Index c = 0; c < channels; ++c) {
          const float top = mix(at(v.first, u.first, c), at(v.first, u.second, c), u.share);
          const float bottom = mix(at(v.second, u.first, c), at(v.second, u.second, c), u.share);
          const float value = mix(top, bottom, v.share);
          to[c] = inside == 0 ? value : to[c] + value;
        }
        ++inside;
      }
    if (inside > 1)
      for (Index c = 0; c < channels; ++c) to[c] /= static_cast<float>(inside);
    return inside > 0;
  }

 private:
  /// Samples along one side of a reference pixel: one for each pixel of the sensor that it covers.
  static Index steps(double covered) {
    constexpr double most = 256;
    require(covered <= most, "resample: a pixel of the reference covers ", covered,
            " pixels of the sensor along a side, expected at most ", most);
    return std::max<Index>(1, static_cast<Index>(std::ceil(covered - 1e-6)));
  }
  static double centre(Index step, Index steps) {
    return (static_cast<double>(step) + 0.5) / static_cast<double>(steps);
  }
  static float mix(float a, float b, float share) { return share == 0 ? a : a + share * (b - a); }
  float at(Index y, Index x, Index c) const {
    return static_cast<float>(picture_[(y * picture_.dim(1) + x) * picture_.dim(2) + c]);
  }

  TensorView<const P> picture_;
  Registration registration_;
  Index rows_, columns_;
};

}  // namespace detail

/// As `resample`, for a part of the reference of which the sensor may see nothing: then all pixels are `unknown_pixel`,
/// and `seen`, if it is asked for, is false.
template <PixelType P>
BasicImage<float> resample_part(const TensorView<const P>& picture, const Registration& registration, Index height,
                                Index width, bool* seen = nullptr) {
  require<ShapeError>(picture.rank() == 3 && !picture.empty() && height > 0 && width > 0, "resample: cannot make ",
                      height, 'x', width, " pixels of a picture of shape ", picture.shape());
  check(registration);
  const detail::Resampler<P> look(picture, registration);
  BasicImage<float> result(height, width, picture.dim(2), unknown_pixel);
  bool any = false;
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x)
      any |= look.pixel(static_cast<double>(y), static_cast<double>(x), result.pixel(y, x));
  if (seen) *seen = any;
  return result;
}

/// Brings the picture [height, width, channels] of a sensor to the `height` x `width` pixels of the reference, as
/// numbers: linear between the centres of the sensor's pixels, their mean where a pixel of the reference covers several
/// of them. Pixels that the sensor does not see are `unknown_pixel`, in all channels.
/// @throws Error for a registration that is singular or by which the pictures have nothing in common, ShapeError for an
/// empty picture.
template <PixelType P>
BasicImage<float> resample(const TensorView<const P>& picture, const Registration& registration, Index height,
                           Index width) {
  bool seen = false;
  BasicImage<float> result = resample_part(picture, registration, height, width, &seen);
  require(seen, "resample: by its registration the sensor's picture of ", picture.dim(1), 'x', picture.dim(0),
          " pixels and the reference of ", width, 'x', height, " have nothing in common");
  return result;
}
template <PixelType P>
BasicImage<float> resample(const BasicImage<P>& picture, const Registration& registration, Index height, Index width) {
  return resample(pixels(picture), registration, height, width);
}

}  // namespace amdefect
