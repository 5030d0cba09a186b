#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/targets.hpp"

/// Sums over the pixels of an image, channel by channel, and factors per channel.
namespace amdefect {

/// Adds the sum over all pixels of x (pixels x channels) to sums (channels).
///
/// Sums are taken over short runs of pixels in T and over the runs in double, so that their error does not grow with
/// the size of the image. Each thread owns some channels: the result does not depend on the number of threads.
template <class T>
void add_pixel_sums(int threads, Index pixels, Index channels, const T* x, T* sums) {
  AMDEFECT_DISPATCH(add_pixel_sums<T>(threads, pixels, channels, x, sums));
}

/// y = x (pixels x channels), each pixel times factor (channels). y may be x.
template <class T>
void multiply_pixels(int threads, Index pixels, Index channels, const T* x, const T* factor, T* y) {
  AMDEFECT_DISPATCH(multiply_pixels<T>(threads, pixels, channels, x, factor, y));
}

AMDEFECT_COMPILED_FUNCTION(add_pixel_sums)
AMDEFECT_COMPILED_FUNCTION(multiply_pixels)

}  // namespace amdefect
