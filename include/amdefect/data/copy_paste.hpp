#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

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
/// What lies beyond the image is missing. None if all of the object does.
template <PixelType P>
std::optional<Cutout<P>> cut_out(const BasicSample<P>& sample, std::size_t object, double min_visible) {
  const BasicImage<P>& image = sample.image;
  const Box frame{0, 0, static_cast<double>(image.width()), static_cast<double>(image.height())};
  const Box box = intersection(sample.objects.at(object).box, frame);
  if (!(box.width() > 0 && box.height() > 0)) return std::nullopt;
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

/// Pastes the cutout, moved by (dx, dy), and adds its objects: in the box it covers what is there, and fades linearly
/// over its margin. What lies beyond the picture is cut off. @throws ShapeError if the channels differ.
template <PixelType P>
void blend(const Cutout<P>& cutout, BasicSample<P>& picture, Index dx, Index dy) {
  const BasicImage<P>&from = cutout.sample.image, &canvas = picture.image;
  require<ShapeError>(from.channels() == canvas.channels(), "copy-paste: the object has ", from.channels(),
                      " channels, the picture ", canvas.channels());
  const Box& box = cutout.sample.objects.front().box;
  const Index x1 = std::max<Index>(0, -dx), x2 = std::min(from.width(), canvas.width() - dx);
  const Index y1 = std::max<Index>(0, -dy), y2 = std::min(from.height(), canvas.height() - dy);
  for (Index y = y1; y < y2; ++y)
    for (Index x = x1; x < x2; ++x) {
      const double cx = static_cast<double>(x) + 0.5, cy = static_cast<double>(y) + 0.5;
      const double weight = 1 - gap(box, {cx, cy, cx, cy}) / cutout.margin;
      if (weight <= 0) continue;
      P* out = picture.image.pixel(y + dy, x + dx);
      const P* in = from.pixel(y, x);
      for (Index c = 0; c < from.channels(); ++c)
        out[c] = to_pixel<P>(weight * static_cast<double>(in[c]) + (1 - weight) * static_cast<double>(out[c]));
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
