#pragma once

#include <algorithm>
#include <cmath>

#include "amdefect/image/resize.hpp"

namespace amdefect {

/// What classifiers of ImageNet are shown: the image resized so that its shorter side is `shorter_side`, and of that
/// the middle `crop` x `crop` pixels (torchvision's `Resize` with antialiasing and `CenterCrop`).
/// @throws Error unless 0 < crop <= shorter_side.
template <PixelType P>
BasicImage<P> centre_crop(const BasicImage<P>& image, Index shorter_side, Index crop) {
  require(crop > 0 && crop <= shorter_side, "centre crop: a crop of ", crop,
          " pixels does not fit into a shorter side of ", shorter_side);
  const Index shorter = std::min(image.height(), image.width());
  const auto scaled = [&](Index side) { return side * shorter_side / shorter; };
  const BasicImage<P> resized = resize(image, scaled(image.height()), scaled(image.width()));
  const auto middle = [&](Index side) {
    return static_cast<Index>(std::nearbyint(static_cast<double>(side - crop) / 2));
  };
  const Index top = middle(resized.height()), left = middle(resized.width()), row = crop * image.channels();
  BasicImage<P> result(crop, crop, image.channels());
  for (Index y = 0; y < crop; ++y) std::copy_n(resized.pixel(top + y, left), row, result.pixel(y, 0));
  return result;
}

}  // namespace amdefect
