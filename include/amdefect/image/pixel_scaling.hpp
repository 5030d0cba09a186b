#pragma once

#include <algorithm>
#include <cstdint>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// The value of pixels beyond the border of an image: middle grey, which `scale_pixels` makes 0, what convolutions see
/// beyond the border of their input, too.
inline constexpr std::uint8_t padding_grey = 128;

/// Writes the pixels of an image [height, width, channels] from row `top` and column `left` on into `x`, as far as both
/// reach, as (value - 128) / 64, and 0 into the rest of `x`. @throws ShapeError if the channels differ.
template <class T>
void scale_pixels(TensorView<const std::uint8_t> image, TensorView<T> x, Index top = 0, Index left = 0) {
  require<ShapeError>(image.rank() == 3 && x.rank() == 3 && image.dim(2) == x.dim(2) && top >= 0 && left >= 0,
                      "scale pixels: cannot write an image ", image.shape(), " to ", x.shape());
  const Index channels = x.dim(2), row = x.dim(1) * channels;
  const Index columns = std::clamp<Index>(image.dim(1) - left, 0, x.dim(1));
  for (Index y = 0; y < x.dim(0); ++y) {
    T* out = x.data() + y * row;
    const Index filled = top + y < image.dim(0) ? columns * channels : 0;
    const std::uint8_t* in = image.data() + ((top + y) * image.dim(1) + left) * channels;
    for (Index i = 0; i < filled; ++i) out[i] = static_cast<T>(in[i] - padding_grey) / T{64};
    std::fill(out + filled, out + row, T{0});
  }
}

}  // namespace amdefect
