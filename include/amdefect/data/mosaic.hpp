#pragma once

#include <array>
#include <memory>

#include "amdefect/data/augment.hpp"

namespace amdefect {

/// Random windows of four samples in one picture (Bochkovskiy et al. 2020, arXiv:2004.10934), at the zoom that
/// `options` ask for and not shrunk to a quarter: they meet at a random point between 30 % and 70 % of each side.
/// `options.height` and `width` are those of the whole. @throws ShapeError unless the samples have as many channels.
template <PixelType P>
BasicSample<P> mosaic(const std::array<std::shared_ptr<const BasicSample<P>>, 4>& parts,
                      const RandomCropOptions& options, Random& random) {
  const auto cut = [&](Index size) {
    return std::clamp<Index>(static_cast<Index>(random.uniform(0.3, 0.7) * static_cast<double>(size)), 1, size - 1);
  };
  const Index middle_y = cut(options.height), middle_x = cut(options.width);
  BasicSample<P> whole{
      BasicImage<P>(options.height, options.width, parts[0]->image.channels(), pixel_of_level<P>(options.fill)),
      {},
      {}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool lower = i >= 2, right = i % 2 == 1;
    const Index top = lower ? middle_y : 0, left = right ? middle_x : 0;
    RandomCropOptions window = options;
    window.height = lower ? options.height - middle_y : middle_y;
    window.width = right ? options.width - middle_x : middle_x;
    const BasicSample<P> part = random_crop(*parts[i], window, random);
    paste(part.image, whole.image, top, left);
    const auto x = static_cast<double>(left), y = static_cast<double>(top);
    for (const auto& [box, label] : part.objects) whole.objects.push_back({moved(box, x, y), label});
  }
  return whole;
}

}  // namespace amdefect
