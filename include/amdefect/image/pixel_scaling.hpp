#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "amdefect/core/tensor.hpp"
#include "amdefect/image/pixel_view.hpp"

namespace amdefect {

/// What a network sees of a pixel: (grey level - offset) / scale. The offset is also what lies beyond the border of an
/// image: it becomes 0, what convolutions see beyond the border of their input, too. Part of a model's file.
struct PixelScaling {
  double offset = 128, scale = 64;  ///< in grey levels of 8 bits, see `values_per_level`

  friend bool operator==(const PixelScaling&, const PixelScaling&) = default;
};

/// Throws an Error unless the numbers have a meaning.
inline void check(const PixelScaling& scaling) {
  constexpr double most = 1e6, least_scale = 1e-6;  // far beyond any sense, and no pixel becomes infinite
  require(std::abs(scaling.offset) <= most && scaling.scale >= least_scale && scaling.scale <= most,
          "pixel scaling: offset ", scaling.offset, " and scale ", scaling.scale, ", expected numbers up to ", most,
          ", scale at least ", least_scale);
}

/// The value of 8-bit pixels beyond the border of an image: that of `PixelScaling`, middle grey.
inline constexpr std::uint8_t padding_grey = 128;

/// Writes the pixels of an image [height, width, channels] from row `top` and column `left` on into `x`, as far as both
/// reach, scaled, and 0 into the rest of `x`. @throws ShapeError if the channels differ.
template <class T>
void scale_pixels(const PixelView& image, TensorView<T> x, Index top = 0, Index left = 0,
                  const PixelScaling& scaling = {}) {
  require<ShapeError>(image.shape().rank() == 3 && x.rank() == 3 && image.dim(2) == x.dim(2) && top >= 0 && left >= 0,
                      "scale pixels: cannot write an image ", image.shape(), " to ", x.shape());
  const Index channels = x.dim(2), row = x.dim(1) * channels;
  const Index columns = std::clamp<Index>(image.dim(1) - left, 0, x.dim(1));
  image.visit([&]<class P>(TensorView<const P> pixels) {
    const auto offset = static_cast<T>(scaling.offset * values_per_level<P>);
    const auto scale = static_cast<T>(scaling.scale * values_per_level<P>);
    for (Index y = 0; y < x.dim(0); ++y) {
      T* out = x.data() + y * row;
      const Index filled = top + y < image.dim(0) ? columns * channels : 0;
      const P* in = pixels.data() + ((top + y) * image.dim(1) + left) * channels;
      for (Index i = 0; i < filled; ++i) out[i] = (static_cast<T>(in[i]) - offset) / scale;
      std::fill(out + filled, out + row, T{0});
    }
  });
}

}  // namespace amdefect
