#pragma once

#include <cstdint>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// The value of pixels beyond the border of an image: middle grey, which `scale_pixels` makes 0, what convolutions see
/// beyond the border of their input, too.
inline constexpr std::uint8_t padding_grey = 128;

/// Writes the pixels of an image [height, width, channels] into the upper left corner of `x`, which may be larger, as
/// (value - 128) / 64, and 0 around it. @throws ShapeError if the image does not fit.
template <class T>
void scale_pixels(TensorView<const std::uint8_t> image, TensorView<T> x) {
  require<ShapeError>(image.rank() == 3 && x.rank() == 3 && image.dim(0) <= x.dim(0) && image.dim(1) <= x.dim(1) &&
                          image.dim(2) == x.dim(2),
                      "scale pixels: an image ", image.shape(), " does not fit into ", x.shape());
  const Index row = image.dim(1) * image.dim(2), wide_row = x.dim(1) * x.dim(2);
  for (Index y = 0; y < x.dim(0); ++y) {
    T* out = x.data() + y * wide_row;
    const Index filled = y < image.dim(0) ? row : 0;
    const std::uint8_t* in = image.data() + y * row;
    for (Index i = 0; i < filled; ++i) out[i] = static_cast<T>(in[i] - padding_grey) / T{64};
    std::fill(out + filled, out + wide_row, T{0});
  }
}

}  // namespace amdefect
