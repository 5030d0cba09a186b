#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "amdefect/core/random.hpp"
#include "amdefect/data/sample.hpp"

namespace amdefect {

/// A random weight in (0, 1) with the distribution Beta(8, 8), near one half: that of the median of 15 uniform numbers.
inline double mixup_weight(Random& random) {
  std::array<double, 15> numbers{};
  for (double& number : numbers) number = random.uniform();
  std::nth_element(numbers.begin(), numbers.begin() + 7, numbers.end());
  return numbers[7];
}

/// The mean of two pictures, `weight` (0 to 1) of the first, with the objects of both (Zhang et al. 2018,
/// arXiv:1710.09412; for detection Zhang et al. 2019, arXiv:1902.04103). @throws ShapeError unless their shapes agree.
template <PixelType P>
BasicSample<P> mixup(const BasicSample<P>& first, const BasicSample<P>& second, double weight) {
  require<ShapeError>(first.image.shape() == second.image.shape(), "mixup: the pictures have the shapes ",
                      first.image.shape(), " and ", second.image.shape(), ", expected the same");
  BasicSample<P> mixed{
      BasicImage<P>(first.image.height(), first.image.width(), first.image.channels()), first.objects, {}};
  mixed.objects.insert(mixed.objects.end(), second.objects.begin(), second.objects.end());
  const auto a = first.image.values(), b = second.image.values();
  std::transform(a.begin(), a.end(), b.begin(), mixed.image.values().begin(), [&](P x, P y) {
    return to_pixel<P>(weight * static_cast<double>(x) + (1 - weight) * static_cast<double>(y));
  });
  return mixed;
}

}  // namespace amdefect
