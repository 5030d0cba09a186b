#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "amdefect/data/augment.hpp"

namespace amdefect {

/// An object with some of what is around it, to be pasted elsewhere. `sample.objects` begins with the object itself.
template <PixelType P>
struct Cutout {
  BasicSample<P> sample;
  double margin = 0;  ///< pixels around the box over which it fades
};

/// The object of that number, with those of which at least `min_visible` lies in its box. It fades over a quarter of
/// the mean of its sides, 2 to 16 pixels; over less, but at least 1, where that would show a part of another object.
/// What lies beyond the image is missing. None if more of the object does than `min_visible` allows.
template <PixelType P>
std::optional<Cutout<P>> cut_out(const BasicSample<P>& sample, std::size_t object, double min_visible) {
  const BasicImage<P>& image = sample.image;
  const Box frame{0, 0, static_cast<double>(image.width()), static_cast<double>(image.height())};
  const Box annotated = sample.objects.at(object).box, box = intersection(annotated, frame);
  if (!(box.width() > 0 && box.height() > 0 && box.area() >= min_visible * annotated.area())) return std::nullopt;
  Cutout<P> cutout{{{}, {{box, sample.objects[object].label}}, {}},
                   std::clamp((box.width() + box.height()) / 8, 2.0, 16.0)};
  for (std::size_t i = 0; i < sample.objects.size(); ++i) {
    if (i == object) continue;
    const auto& [other, label] = sample.objects[i];
    const Box visible = intersection(box, other);
    if (visible.area() > 0 && visible.area() >= min_visible * other.area())
      cutout.sample.objects.push_back({visible, label});
    else
      cutout.margin = std::max(std::min(cutout.margin, gap(box, other)), 1.0);
  }
  const Box whole = intersection(
      {box.x1 - cutout.margin, box.y1 - cutout.margin, box.x2 + cutout.margin, box.y2 + cutout.margin}, frame);
  const auto left = static_cast<Index>(std::floor(whole.x1)), top = static_cast<Index>(std::floor(whole.y1));
  const auto bottom = static_cast<Index>(std::ceil(whole.y2)), right = static_cast<Index>(std::ceil(whole.x2));
  cutout.sample.image = BasicImage<P>(bottom - top, right - left, image.channels());
  paste(image, cutout.sample.image, -top, -left);
  const auto x = static_cast<double>(left), y = static_cast<double>(top);
  for (LabelledBox& seen : cutout.sample.objects) seen.box = moved(seen.box, -x, -y);
  return cutout;
}

/// The cutout as large as `zoom` says, and turned.
template <PixelType P>
Cutout<P> transformed(const Cutout<P>& cutout, double zoom, const Orientation& orientation) {
  const auto zoomed = [&](Index side) {
    return std::max<Index>(1, static_cast<Index>(std::lround(zoom * static_cast<double>(side))));
  };
  const BasicImage<P>& image = cutout.sample.image;
  return {orient(resize(cutout.sample, zoomed(image.height()), zoomed(image.width())), orientation),
          std::max(1.0, zoom * cutout.margin)};
}

/// How much of a pixel is the cutout's: 1 in the box, falling linearly to 0 over the margin.
template <PixelType P>
double weight_of(const Cutout<P>& cutout, Index y, Index x) {
  const double cx = static_cast<double>(x) + 0.5, cy = static_cast<double>(y) + 0.5;
  return std::max(0.0, 1 - gap(cutout.sample.objects.front().box, {cx, cy, cx, cy}) / cutout.margin);
}

/// What has to be added to each channel of the cutout so that its margin is as bright, in the mean, as what it fades
/// into; else pictures of other light show where something was pasted. 0 if nothing fades.
template <PixelType P>
std::vector<double> light_difference(const Cutout<P>& cutout, const BasicImage<P>& canvas, const CropWindow& part,
                                     Index dy, Index dx) {
  const BasicImage<P>& from = cutout.sample.image;
  std::vector<double> sums(static_cast<std::size_t>(from.channels()));
  double pixels = 0;
  for (Index y = part.top; y < part.top + part.height; ++y)
    for (Index x = part.left; x < part.left + part.width; ++x) {
      const double weight = weight_of(cutout, y, x);
      if (weight == 0 || weight == 1) continue;
      ++pixels;
      for (std::size_t c = 0; c < sums.size(); ++c)
        sums[c] += static_cast<double>(canvas.pixel(y + dy, x + dx)[c]) - static_cast<double>(from.pixel(y, x)[c]);
    }
  for (double& sum : sums) sum /= std::max(pixels, 1.0);
  return sums;
}

/// Pastes the cutout, moved right by `dx` and down by `dy`, and adds its objects. In the box it covers what is there,
/// as bright as its new surroundings make it (`light_difference`), and fades over its margin. It may reach beyond the
/// picture with its margin, but not with the box. @throws ShapeError if the channels differ.
template <PixelType P>
void blend(const Cutout<P>& cutout, BasicSample<P>& picture, Index dx, Index dy) {
  const BasicImage<P>& from = cutout.sample.image;
  BasicImage<P>& canvas = picture.image;
  require<ShapeError>(from.channels() == canvas.channels(), "copy-paste: the object has ", from.channels(),
                      " channels, the picture ", canvas.channels());
  CropWindow part{.top = std::max<Index>(0, -dy), .left = std::max<Index>(0, -dx)};
  part.height = std::min(from.height(), canvas.height() - dy) - part.top;
  part.width = std::min(from.width(), canvas.width() - dx) - part.left;
  const std::vector<double> light = light_difference(cutout, canvas, part, dy, dx);
  for (Index y = part.top; y < part.top + part.height; ++y)
    for (Index x = part.left; x < part.left + part.width; ++x) {
      const double weight = weight_of(cutout, y, x);
      if (weight == 0) continue;
      P* const out = canvas.pixel(y + dy, x + dx);
      const P* const in = from.pixel(y, x);
      for (std::size_t c = 0; c < light.size(); ++c)
        out[c] =
            to_pixel<P>(weight * (static_cast<double>(in[c]) + light[c]) + (1 - weight) * static_cast<double>(out[c]));
    }
  for (const auto& [seen, label] : cutout.sample.objects)
    picture.objects.push_back({moved(seen, static_cast<double>(dx), static_cast<double>(dy)), label});
}

/// The largest share of an object that may be covered by what is pasted, up to where it has half faded.
inline constexpr double most_covered = 0.1;

/// Pastes the cutout at a random place where it is seen whole and covers no object; gives up after ten places.
/// Whether it was pasted.
template <PixelType P>
bool paste_randomly(const Cutout<P>& cutout, BasicSample<P>& picture, Random& random) {
  const Box& box = cutout.sample.objects.front().box;
  const auto first = [](double low) { return static_cast<Index>(std::ceil(-low)); };
  const auto last = [](Index side, double high) {
    return static_cast<Index>(std::floor(static_cast<double>(side) - high));
  };
  const Index least_x = first(box.x1), least_y = first(box.y1);
  const Index columns = last(picture.image.width(), box.x2) - least_x + 1;
  const Index rows = last(picture.image.height(), box.y2) - least_y + 1;
  if (columns < 1 || rows < 1) return false;
  const double half = cutout.margin / 2;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const Index dx = least_x + random.integer(columns), dy = least_y + random.integer(rows);
    const Box covered = moved({box.x1 - half, box.y1 - half, box.x2 + half, box.y2 + half}, static_cast<double>(dx),
                              static_cast<double>(dy));
    const auto hidden = [&](const LabelledBox& object) {
      return intersection(covered, object.box).area() > most_covered * object.box.area();
    };
    if (std::any_of(picture.objects.begin(), picture.objects.end(), hidden)) continue;
    blend(cutout, picture, dx, dy);
    return true;
  }
  return false;
}

}  // namespace amdefect
