#pragma once

#include <cstdint>
#include <span>

#include "amdefect/image/image_io.hpp"
#include "fuzz_target.hpp"

/// Decodes a file with 8 and with 16 bits, if it is small: what a large one takes depends on its pixels, not its bytes.
inline void decode_any_way(std::span<const std::uint8_t> input) {
  using namespace amdefect;
  const detail::ImageHeader header = detail::check_image_file(input, "input");
  const auto rows =
      static_cast<std::size_t>((header.width + 3) * header.height);  // of a BMP, each filled up to 4 bytes
  promise(header.rewritten.size() <= 8 * input.size() + 4096 + rows);
  if (header.width > 4096 || header.height > 4096 || header.width * header.height > 65536) return;
  const Image image = decode_image(input, "input", ImageChannels::as_stored);
  const Image16 deep = decode_image_as<std::uint16_t>(input, "input", ImageChannels::rgb);
  promise(image.width() == deep.width() && image.height() == deep.height());
}
