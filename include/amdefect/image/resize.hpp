#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "amdefect/core/tensor.hpp"
#include "amdefect/image/image.hpp"

namespace amdefect {

namespace detail {

/// The source pixels that make up one destination pixel along an axis, with fixed-point weights.
struct ResizeTaps {
  Index first = 0;
  std::vector<std::int32_t> weights;
};

inline constexpr int resize_precision = 22;  // bits behind the point: 255 * 2^22 fits in 31 bits

/// What sums of weighted pixels fit into.
template <PixelType P>
using ResizeSum = std::conditional_t<std::same_as<P, std::uint8_t>, std::int32_t,
                                     std::conditional_t<std::same_as<P, float>, double, std::int64_t>>;

/// Taps of a triangle filter around the centre of each destination pixel, as wide as the larger of a source and a
/// destination pixel on each side: linear interpolation when growing, an average over the covered area when shrinking.
inline std::vector<ResizeTaps> resize_taps(Index from, Index to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(scale, 1.0);
  std::vector<ResizeTaps> taps(static_cast<std::size_t>(to));
  for (Index i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    ResizeTaps& tap = taps[static_cast<std::size_t>(i)];
    tap.first = std::max<Index>(static_cast<Index>(centre - reach + 0.5), 0);
    const Index last = std::min(static_cast<Index>(centre + reach + 0.5), from);
    std::vector<double> weights;
    double sum = 0;
    for (Index j = tap.first; j < last; ++j) {
      weights.push_back(std::max(0.0, 1 - std::abs((static_cast<double>(j) + 0.5 - centre) / reach)));
      sum += weights.back();
    }
    for (const double weight : weights)
      tap.weights.push_back(static_cast<std::int32_t>(weight / sum * (1 << resize_precision) + 0.5));
  }
  return taps;
}

template <PixelType P>
P from_fixed_point(ResizeSum<P> sum) {
  if constexpr (std::same_as<P, float>)
    return static_cast<float>(sum / (1 << resize_precision));
  else
    return static_cast<P>(std::clamp<ResizeSum<P>>(sum >> resize_precision, 0, std::numeric_limits<P>::max()));
}
/// What rounds a sum to the nearest pixel value; values in floating point are not rounded.
template <PixelType P>
inline constexpr ResizeSum<P> fixed_point_half = std::same_as<P, float> ? 0 : 1 << (resize_precision - 1);

template <PixelType P>
BasicImage<P> resize_width(const TensorView<const P>& image, Index width) {
  const std::vector<ResizeTaps> taps = resize_taps(image.dim(1), width);
  const Index height = image.dim(0), channels = image.dim(2), row = image.dim(1) * channels;
  BasicImage<P> result(height, width, channels);
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x) {
      const ResizeTaps& tap = taps[static_cast<std::size_t>(x)];
      for (Index c = 0; c < channels; ++c) {
        const P* source = image.data() + y * row + tap.first * channels + c;
        ResizeSum<P> sum = fixed_point_half<P>;
        for (const std::int32_t weight : tap.weights) {
          sum += static_cast<ResizeSum<P>>(weight) * static_cast<ResizeSum<P>>(*source);
          source += channels;
        }
        result(y, x, c) = from_fixed_point<P>(sum);
      }
    }
  return result;
}

template <PixelType P>
BasicImage<P> resize_height(const TensorView<const P>& image, Index height) {
  const std::vector<ResizeTaps> taps = resize_taps(image.dim(0), height);
  const Index row = image.dim(1) * image.dim(2);
  BasicImage<P> result(height, image.dim(1), image.dim(2));
  std::vector<ResizeSum<P>> sums(static_cast<std::size_t>(row));
  for (Index y = 0; y < height; ++y) {
    const ResizeTaps& tap = taps[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), fixed_point_half<P>);
    const P* source = image.data() + tap.first * row;
    for (const std::int32_t weight : tap.weights)
      for (ResizeSum<P>& sum : sums) sum += static_cast<ResizeSum<P>>(weight) * static_cast<ResizeSum<P>>(*source++);
    std::transform(sums.begin(), sums.end(), result.pixel(y, 0), from_fixed_point<P>);
  }
  return result;
}

}  // namespace detail

/// Resizes to `height` x `width` with pixel centres at i + 0.5: bilinear when growing, anti-aliased when shrinking.
/// Separable triangle filter in integer arithmetic, as Pillow's `Image.resize` with BILINEAR; of pixels in floating
/// point with the same weights.
/// @throws ShapeError for an empty image or a size that is not positive.
template <PixelType P>
BasicImage<P> resize(const TensorView<const P>& image, Index height, Index width) {
  require<ShapeError>(image.rank() == 3 && !image.empty() && height > 0 && width > 0, "resize: cannot make ", height,
                      'x', width, " pixels of an image of shape ", image.shape());
  if (width == image.dim(1)) return detail::resize_height(image, height);
  BasicImage<P> result = detail::resize_width(image, width);
  return height == image.dim(0) ? std::move(result) : detail::resize_height(pixels(result), height);
}
template <PixelType P>
BasicImage<P> resize(const BasicImage<P>& image, Index height, Index width) {
  if (!image.empty() && height == image.height() && width == image.width()) return image.clone();
  return resize(pixels(image), height, width);
}

}  // namespace amdefect
