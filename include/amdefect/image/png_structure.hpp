#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "amdefect/image/image_header.hpp"
#include "amdefect/io/checksum.hpp"

namespace amdefect::detail {

/// Follows the chunks of a PNG file up to IEND and verifies the check sums of those that a decoder needs (capital first
/// letter). A file that ends behind the pixels is completed: every viewer shows it.
inline ImageHeader check_png(const ByteReader& reader) {
  reader.support(!reader.has_text(12, "CgBI"), "in Apple's own variant (CgBI), which is not read");
  reader.check(reader.has_text(12, "IHDR") || reader.size() < 16, "does not begin with its header (IHDR)");
  ImageHeader header{.width = reader.number(16, 4, false), .height = reader.number(20, 4, false)};
  constexpr std::array<std::uint8_t, 12> end{0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
  bool has_pixels = false;
  std::size_t at = 8;
  for (;;) {
    const std::size_t left = reader.size() - at;
    const bool starts = left >= 8;
    const std::size_t length = starts ? reader.number(at, 4, false) : 0;
    const bool is_pixels = reader.has_text(at + 4, "IDAT");
    if (has_pixels && !is_pixels && (!starts || left < length + 12)) {
      const auto whole = reader.part(0, at);
      header.rewritten.assign(whole.begin(), whole.end());
      header.rewritten.insert(header.rewritten.end(), end.begin(), end.end());
      return header;
    }
    const auto type_and_body = reader.part(at + 4, length + 4);
    const bool sound = crc32(type_and_body) == reader.number(at + 8 + length, 4, false);
    const bool needed = (type_and_body[0] & 0x20) == 0;
    reader.check(sound || !needed, "wrong check sum at byte ", at);
    if (reader.has_text(at + 4, "IEND")) return header;
    if (sound && reader.has_text(at + 4, "eXIf")) header.orientation = read_exif_orientation(type_and_body.subspan(4));
    has_pixels |= is_pixels;
    at += 12 + length;
  }
}

}  // namespace amdefect::detail
