#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/image/color.hpp"
#include "amdefect/image/orientation.hpp"
#include "amdefect/image/resize.hpp"

namespace amdefect {

/// The sample flipped or turned, boxes included.
template <PixelType P>
BasicSample<P> orient(const BasicSample<P>& sample, const Orientation& orientation) {
  BasicSample<P> result{orient(sample.image, orientation), sample.objects, {}};
  for (LabelledBox& object : result.objects)
    object.box = orient(object.box, sample.image.height(), sample.image.width(), orientation);
  return result;
}

/// The sample resized to `height` x `width`, boxes included.
template <PixelType P>
BasicSample<P> resize(const BasicSample<P>& sample, Index height, Index width) {
  BasicSample<P> result{resize(sample.image, height, width), sample.objects, {}};
  const Letterbox stretch = fit_letterbox(sample.image.height(), sample.image.width(), height, width, FitMode::stretch);
  for (LabelledBox& object : result.objects) object.box = stretch.map(object.box);
  return result;
}

/// A window of whole pixels; it may reach beyond the image.
struct CropWindow {
  Index top = 0, left = 0, height = 1, width = 1;

  friend bool operator==(const CropWindow&, const CropWindow&) = default;
};

/// The objects that are seen in a window, in its pixels: boxes are cut at its border, and left out where less than
/// `min_visible` (0 to 1) of their area remains, or nothing at all.
inline std::vector<LabelledBox> objects_in(std::span<const LabelledBox> objects, const CropWindow& window,
                                           double min_visible) {
  std::vector<LabelledBox> seen;
  const auto x = static_cast<double>(window.left), y = static_cast<double>(window.top);
  const Box inside{0, 0, static_cast<double>(window.width), static_cast<double>(window.height)};
  for (const LabelledBox& object : objects) {
    const Box whole = moved(object.box, -x, -y), visible = intersection(whole, inside);
    if (visible.width() > 0 && visible.height() > 0 && visible.area() >= min_visible * whole.area())
      seen.push_back({visible, object.label});
  }
  return seen;
}

/// The value of a pixel of that many grey levels of 8 bits.
template <PixelType P>
P pixel_of_level(double level) {
  return to_pixel<P>(level * values_per_level<P>);
}

/// What is inside of the window; beyond the image all channels are `fill`, in grey levels of 8 bits. `min_visible`: see
/// `objects_in`.
template <PixelType P>
BasicSample<P> crop(const BasicSample<P>& sample, const CropWindow& window, double min_visible, double fill = 0) {
  BasicSample<P> result{BasicImage<P>(window.height, window.width, sample.image.channels(), pixel_of_level<P>(fill)),
                        objects_in(sample.objects, window, min_visible),
                        {}};
  paste(sample.image, result.image, -window.top, -window.left);
  return result;
}

/// How `random_crop` chooses its window.
struct RandomCropOptions {
  Index height = 256, width = 256;             ///< size of the result
  double smallest_zoom = 1, largest_zoom = 1;  ///< 2 shows everything twice as large; uniform in its logarithm
  double on_object = 0;                        ///< probability that the window contains the middle of a random object
  double min_visible = 0.3;                    ///< see `crop`
  double fill = 0;
};

/// A zoom between the limits of the options, uniform in its logarithm.
inline double random_zoom(const RandomCropOptions& options, Random& random) {
  return std::exp(random.uniform(std::log(options.smallest_zoom), std::log(options.largest_zoom)));
}

/// A random window, magnified to the size asked for. It lies inside of the image where the image is large enough, else
/// around all of it.
template <PixelType P>
BasicSample<P> random_crop(const BasicSample<P>& sample, const RandomCropOptions& options, Random& random) {
  const double zoom = random_zoom(options, random);
  const bool on_object = random.chance(options.on_object) && !sample.objects.empty();
  Box middle{0, 0, static_cast<double>(sample.image.width()), static_cast<double>(sample.image.height())};
  if (on_object) {
    const auto count = static_cast<Index>(sample.objects.size());
    const Box& box = sample.objects[static_cast<std::size_t>(random.integer(count))].box;
    const double x = std::clamp((box.x1 + box.x2) / 2, 0.0, middle.x2),
                 y = std::clamp((box.y1 + box.y2) / 2, 0.0, middle.y2);
    middle = {x, y, x, y};
  }
  // Along each axis: the first position, so that the window covers [low, high] where it can, or lies in it.
  const auto position = [&](Index size, Index image, double low, double high) {
    const auto first = static_cast<Index>(std::ceil(std::min(high - static_cast<double>(size), low)));
    const auto last = static_cast<Index>(std::floor(std::max(high - static_cast<double>(size), low)));
    const Index least = std::min<Index>(0, image - size), most = std::max<Index>(0, image - size);
    const Index from = std::clamp(first, least, most), to = std::clamp(last, least, most);
    return from + random.integer(to - from + 1);
  };
  const auto scaled = [&](Index size) {
    return std::max<Index>(1, static_cast<Index>(std::floor(static_cast<double>(size) / zoom + 0.5)));
  };
  CropWindow window{.height = scaled(options.height), .width = scaled(options.width)};
  window.top = position(window.height, sample.image.height(), middle.y1, middle.y2);
  window.left = position(window.width, sample.image.width(), middle.x1, middle.x2);
  BasicSample<P> result = crop(sample, window, options.min_visible, options.fill);
  if (window.height == options.height && window.width == options.width) return result;
  return resize(result, options.height, options.width);
}

/// Random changes; each is off by default. Probabilities are from 0 to 1.
struct AugmentOptions {
  double flip_x = 0;         ///< probability of mirroring left to right
  double flip_y = 0;         ///< probability of mirroring top to bottom
  double rotate = 0;         ///< probability of a rotation by 90 degrees; with both flips all eight orientations arise
  double crop = 0;           ///< probability of a magnified part of the image
  double crop_zoom = 2;      ///< its magnification is uniform in [1, crop_zoom], in the logarithm
  double min_visible = 0.3;  ///< boxes of which the crop leaves less are dropped
  double greyscale = 0;      ///< probability of losing all colour
  double hue_degrees = 0;    ///< the hue turns by up to this, either way
  double brightness = 0;     ///< up to this share of the full range is added or subtracted
  double contrast = 0;       ///< the contrast is multiplied by 1 - contrast to 1 + contrast
  double extra_shift = 0;    ///< channels beyond red, green and blue move by up to so many pixels along each axis

  friend bool operator==(const AugmentOptions&, const AugmentOptions&) = default;
};

/// What a detector's training changes. Further channels move, so that it gets used to sensors, or templates, that are
/// not quite aligned.
inline AugmentOptions detector_augmentation() {
  return {.flip_x = 0.5, .flip_y = 0.5, .rotate = 0.5, .brightness = 0.1, .contrast = 0.2, .extra_shift = 4};
}

/// The largest `extra_shift`.
inline constexpr double most_extra_shift = 64;

/// Throws an Error that names the option that is out of its range.
inline void check(const AugmentOptions& options) {
  require_probabilities("augmentation: ", {{"flip_x", options.flip_x},
                                           {"flip_y", options.flip_y},
                                           {"rotate", options.rotate},
                                           {"crop", options.crop},
                                           {"min_visible", options.min_visible},
                                           {"greyscale", options.greyscale},
                                           {"brightness", options.brightness},
                                           {"contrast", options.contrast}});
  require(options.hue_degrees >= 0 && options.hue_degrees <= 180, "augmentation: hue_degrees is ", options.hue_degrees,
          ", expected 0 to 180");
  require(options.crop_zoom >= 1 && options.crop_zoom <= 100, "augmentation: crop_zoom is ", options.crop_zoom,
          ", expected 1 to 100");
  require(options.extra_shift >= 0 && options.extra_shift <= most_extra_shift, "augmentation: extra_shift is ",
          options.extra_shift, ", expected 0 to ", most_extra_shift, " pixels");
}

/// Moves what a channel shows down by `dy` and right by `dx` pixels; what comes in is as the border.
template <PixelType P>
void shift_channel(BasicImage<P>& image, Index channel, Index dy, Index dx) {
  const Index height = image.height(), width = image.width();
  Tensor<P> before({height, width});
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x) before(y, x) = image(y, x, channel);
  for (Index y = 0; y < height; ++y) {
    const Index from = std::clamp<Index>(y - dy, 0, height - 1);
    for (Index x = 0; x < width; ++x) image(y, x, channel) = before(from, std::clamp<Index>(x - dx, 0, width - 1));
  }
}

/// One of the orientations that rotation and flips, with their probabilities, lead to.
inline Orientation random_orientation(const AugmentOptions& options, Random& random) {
  Orientation orientation = random.chance(options.rotate) ? Orientation::rotated_clockwise() : Orientation{};
  if (random.chance(options.flip_x)) orientation.flip_x = !orientation.flip_x;
  if (random.chance(options.flip_y)) orientation.flip_y = !orientation.flip_y;
  return orientation;
}

/// A randomly changed copy of the sample, of the same size (height and width swapped after a rotation), without its
/// placement. The order is: crop, orientation, colour, light, shift of further channels.
template <PixelType P>
BasicSample<P> augment(const BasicSample<P>& sample, const AugmentOptions& options, Random& random) {
  BasicSample<P> result;
  if (random.chance(options.crop))
    result = random_crop(sample,
                         {.height = sample.image.height(),
                          .width = sample.image.width(),
                          .largest_zoom = options.crop_zoom,
                          .min_visible = options.min_visible},
                         random);
  else
    result = {sample.image.clone(), sample.objects, {}};
  const Orientation orientation = random_orientation(options, random);
  if (orientation != Orientation{}) result = orient(result, orientation);

  if (random.chance(options.greyscale)) to_greyscale(result.image);
  if (options.hue_degrees > 0) shift_hue(result.image, random.uniform(-options.hue_degrees, options.hue_degrees));
  if (options.brightness > 0 || options.contrast > 0) {
    const double brightness = random.uniform(-options.brightness, options.brightness);
    adjust_light(result.image, brightness, 1 + random.uniform(-options.contrast, options.contrast));
  }
  if (const auto most = static_cast<Index>(options.extra_shift); most > 0)
    for (Index channel = color_channels(result.image); channel < result.image.channels(); ++channel) {
      const Index dy = random.integer(2 * most + 1) - most, dx = random.integer(2 * most + 1) - most;
      shift_channel(result.image, channel, dy, dx);
    }
  return result;
}

}  // namespace amdefect
