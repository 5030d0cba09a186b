#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <vector>

#include "amdefect/data/sample.hpp"

namespace amdefect {

/// How rough an image looks: the robust deviation (1.4826 median of the absolute value) of its brightness from the mean
/// of the 7 x 7 pixels around. Polished metal has about 1 to 3 grey levels, a rough or noisy picture 5 and more.
inline double texture(const Image& image) {
  constexpr Index reach = 3, size = 2 * reach + 1, resolution = 16;
  const Index height = image.height(), width = image.width(), channels = std::min<Index>(image.channels(), 3);
  if (height < size || width < size) return 0;
  std::vector<int> grey(static_cast<std::size_t>(height * width));
  std::vector<int> columns(static_cast<std::size_t>(width));  // sums over the last rows; they move down with y
  const auto at = [&](Index y, Index x) -> int& { return grey[static_cast<std::size_t>(y * width + x)]; };
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x) at(y, x) = std::accumulate(image.pixel(y, x), image.pixel(y, x) + channels, 0);

  std::vector<Index> histogram(256 * resolution + 1);
  const double unit = static_cast<double>(resolution) / static_cast<double>(channels);
  Index count = 0;
  for (Index y = 0; y < height; ++y) {
    for (Index x = 0; x < width; ++x)
      columns[static_cast<std::size_t>(x)] += at(y, x) - (y >= size ? at(y - size, x) : 0);
    if (y < size - 1) continue;
    int sum = std::accumulate(columns.begin(), columns.begin() + size - 1, 0);
    for (Index x = size - 1; x < width; ++x) {
      sum += columns[static_cast<std::size_t>(x)] - (x >= size ? columns[static_cast<std::size_t>(x - size)] : 0);
      const double difference = std::abs(at(y - reach, x - reach) - sum / static_cast<double>(size * size));
      ++histogram[static_cast<std::size_t>(difference * unit)];
      ++count;
    }
  }
  Index below = 0;
  std::size_t bin = 0;
  while (below + histogram[bin] <= count / 2) below += histogram[bin++];
  return 1.4826 * (static_cast<double>(bin) + 0.5) / resolution;
}

/// Textures of all images of a source, as 8 bits show them. @throws FileError for an image that cannot be read.
template <PixelType P>
std::vector<double> textures(const BasicSampleSource<P>& source) {
  std::vector<double> result;
  for (Index i = 0; i < source.size(); ++i) {
    const std::shared_ptr<const BasicSample<P>> sample = source.load(i);
    if constexpr (std::same_as<P, std::uint8_t>)
      result.push_back(texture(sample->image));
    else
      result.push_back(texture(to_8_bit(pixels(sample->image))));
  }
  return result;
}

/// The threshold that divides the values into two groups with the largest variance between them (Otsu 1979); values
/// above it belong to the second group. 0 for fewer than two different values.
inline double otsu_threshold(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double total = std::accumulate(values.begin(), values.end(), 0.0);
  const auto count = static_cast<double>(values.size());
  double sum = 0, best = 0, threshold = 0;
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    sum += values[i];
    const auto low = static_cast<double>(i + 1), high = count - low;
    const double distance = sum / low - (total - sum) / high;
    const double between = low * high * distance * distance;
    if (values[i] == values[i + 1] || between <= best) continue;
    best = between;
    threshold = (values[i] + values[i + 1]) / 2;
  }
  return threshold;
}

}  // namespace amdefect
