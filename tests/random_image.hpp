#pragma once

#include <cstdint>

#include "amdefect/core/random.hpp"
#include "amdefect/image/image.hpp"

/// An image of uniformly distributed bytes.
inline amdefect::Image random_image(amdefect::Index height, amdefect::Index width, amdefect::Index channels,
                                    int seed = 1) {
  amdefect::Image image(height, width, channels);
  amdefect::Random random(static_cast<std::uint64_t>(seed));
  for (std::uint8_t& byte : image.bytes()) byte = static_cast<std::uint8_t>(random.integer(256));
  return image;
}
