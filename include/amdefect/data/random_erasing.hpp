#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "amdefect/data/augment.hpp"

namespace amdefect {

/// A random window in a picture: 2 to 10 % of its area, 0.3 to 3.3 times as high as wide where it is large enough.
inline CropWindow random_part(Index height, Index width, Random& random) {
  const double area = random.uniform(0.02, 0.1) * static_cast<double>(height) * static_cast<double>(width);
  const double ratio = std::exp(random.uniform(std::log(0.3), std::log(1 / 0.3)));
  const auto side = [](double length, Index most) { return std::clamp<Index>(std::lround(length), 1, most); };
  CropWindow part{.height = side(std::sqrt(area * ratio), height), .width = side(std::sqrt(area / ratio), width)};
  part.top = random.integer(height - part.height + 1);
  part.left = random.integer(width - part.width + 1);
  return part;
}

/// Random erasing (Zhong et al. 2017, arXiv:1708.04896): fills a random part of the picture (`random_part`) with the
/// grey level `fill` or, every other time, with noise of all grey levels. Objects of which more than a half is covered
/// are no longer there.
template <PixelType P>
void erase_randomly(BasicSample<P>& sample, double fill, Random& random) {
  BasicImage<P>& image = sample.image;
  const CropWindow part = random_part(image.height(), image.width(), random);
  const bool noise = random.chance(0.5);
  for (Index y = part.top; y < part.top + part.height; ++y) {
    P* const begin = image.pixel(y, part.left);
    std::generate_n(begin, part.width * image.channels(),
                    [&] { return pixel_of_level<P>(noise ? random.uniform(0, 255) : fill); });
  }
  const auto x = static_cast<double>(part.left), y = static_cast<double>(part.top);
  const Box covered{x, y, x + static_cast<double>(part.width), y + static_cast<double>(part.height)};
  std::erase_if(sample.objects, [&](const LabelledBox& object) {
    return intersection(covered, object.box).area() > object.box.area() / 2;
  });
}

}  // namespace amdefect
