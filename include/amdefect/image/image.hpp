#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/image/pixel_view.hpp"

namespace amdefect {

/// An image with any number of interleaved channels: height x width x channels values, row by row. The first three
/// channels of a colour image are red, green, blue. Moves; copies only when asked (`clone`).
///
/// Coordinates are continuous: pixel i covers [i, i + 1) and has its centre at i + 0.5, so that an image of width w
/// reaches from 0 to w.
template <PixelType P>
class BasicImage {
 public:
  BasicImage() = default;
  /// @throws ShapeError for negative sizes.
  BasicImage(Index height, Index width, Index channels, P value = 0)
      : height_(height), width_(width), channels_(channels) {
    values_.assign(static_cast<std::size_t>(shape().elements()), value);
  }
  BasicImage(BasicImage&& other) noexcept { *this = std::move(other); }
  BasicImage& operator=(BasicImage&& other) noexcept {
    height_ = std::exchange(other.height_, 0);
    width_ = std::exchange(other.width_, 0);
    channels_ = std::exchange(other.channels_, 0);
    values_ = std::exchange(other.values_, {});
    return *this;
  }
  BasicImage clone() const {
    BasicImage copy(0, 0, 0);
    copy.height_ = height_;
    copy.width_ = width_;
    copy.channels_ = channels_;
    copy.values_ = values_;
    return copy;
  }

  Index height() const { return height_; }
  Index width() const { return width_; }
  Index channels() const { return channels_; }
  /// [height, width, channels].
  Shape shape() const { return {height_, width_, channels_}; }
  bool empty() const { return values_.empty(); }

  std::span<P> values() { return values_; }
  std::span<const P> values() const { return values_; }
  std::span<std::uint8_t> bytes() requires std::same_as<P, std::uint8_t> { return values_; }
  std::span<const std::uint8_t> bytes() const requires std::same_as<P, std::uint8_t> { return values_; }
  /// The `channels` values of a pixel, and behind them those of the pixels to its right.
  P* pixel(Index y, Index x) { return values_.data() + (y * width_ + x) * channels_; }
  const P* pixel(Index y, Index x) const { return values_.data() + (y * width_ + x) * channels_; }
  P& operator()(Index y, Index x, Index c) { return pixel(y, x)[c]; }
  P operator()(Index y, Index x, Index c) const { return pixel(y, x)[c]; }

  friend bool operator==(const BasicImage& a, const BasicImage& b) {
    return a.shape() == b.shape() && a.values_ == b.values_;
  }

 private:
  Index height_ = 0, width_ = 0, channels_ = 0;
  std::vector<P> values_;
};

using Image = BasicImage<std::uint8_t>;
using Image16 = BasicImage<std::uint16_t>;

/// The pixels as a tensor [height, width, channels], as detectors take them.
template <PixelType P>
TensorView<const P> pixels(const BasicImage<P>& image) {
  return {image.values().data(), image.shape()};
}

/// The nearest value that a pixel of that type can have.
template <PixelType P>
P to_pixel(double value) {
  if constexpr (std::same_as<P, float>)
    return static_cast<float>(value);
  else
    return static_cast<P>(std::clamp(value + 0.5, 0.0, static_cast<double>(std::numeric_limits<P>::max())));
}
inline std::uint8_t to_byte(double value) { return to_pixel<std::uint8_t>(value); }

/// The picture with 8 bits per value: those of 16 bits and floating point are rounded to the nearest grey level.
inline Image to_8_bit(const PixelView& picture) {
  Image image(picture.dim(0), picture.dim(1), picture.dim(2));
  picture.visit([&]<class P>(TensorView<const P> values) {
    std::transform(values.begin(), values.end(), image.bytes().begin(),
                   [](P value) { return to_byte(static_cast<double>(value) / values_per_level<P>); });
  });
  return image;
}

/// The same picture with the channels of `extra` behind its own. @throws ShapeError unless height and width agree.
template <PixelType P>
BasicImage<P> stack_channels(const BasicImage<P>& image, const BasicImage<P>& extra) {
  require<ShapeError>(image.height() == extra.height() && image.width() == extra.width(),
                      "stack channels: the images have the shapes ", image.shape(), " and ", extra.shape(),
                      ", expected equal height and width");
  BasicImage<P> result(image.height(), image.width(), image.channels() + extra.channels());
  const P *first = image.values().data(), *second = extra.values().data();
  for (P* out = result.values().data(); out != result.values().data() + result.values().size();) {
    out = std::copy_n(first, image.channels(), out);
    out = std::copy_n(second, extra.channels(), out);
    first += image.channels();
    second += extra.channels();
  }
  return result;
}

/// Copies `image` into `canvas` with its upper left corner at (top, left); what lies outside is cut off.
/// @throws ShapeError if the channels differ.
template <PixelType P>
void paste(const BasicImage<P>& image, BasicImage<P>& canvas, Index top, Index left) {
  require<ShapeError>(image.channels() == canvas.channels(), "paste: the image has ", image.channels(),
                      " channels, the canvas ", canvas.channels());
  const Index x1 = std::max<Index>(left, 0), x2 = std::min(left + image.width(), canvas.width());
  const Index y1 = std::max<Index>(top, 0), y2 = std::min(top + image.height(), canvas.height());
  if (x1 >= x2) return;
  for (Index y = y1; y < y2; ++y)
    std::copy_n(image.pixel(y - top, x1 - left), (x2 - x1) * image.channels(), canvas.pixel(y, x1));
}

}  // namespace amdefect
