#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/io/checksum.hpp"

/// The outer structure of JPEG, PNG and BMP files. The decoder (stb_image) fills what a truncated file lacks with grey
/// and ignores check sums and EXIF; what it leaves out is looked at here, before it runs.
namespace amdefect::detail {

/// Bounds-checked reading of integers of either byte order from an image file.
class ByteReader {
 public:
  ByteReader(std::span<const std::uint8_t> bytes, const std::string& name, const char* format)
      : bytes_(bytes), name_(name), format_(format) {}

  std::size_t size() const { return bytes_.size(); }
  /// `count` bytes from `offset` on. @throws FileError beyond the end.
  std::span<const std::uint8_t> part(std::size_t offset, std::size_t count) const {
    require<FileError>(offset <= size() && count <= size() - offset, name_, ": truncated ", format_, " file (", size(),
                       " bytes)");
    return bytes_.subspan(offset, count);
  }
  std::uint8_t byte(std::size_t offset) const { return part(offset, 1)[0]; }
  std::uint32_t number(std::size_t offset, std::size_t count, bool little_endian) const {
    std::uint32_t value = 0;
    const auto bytes = part(offset, count);
    for (std::size_t i = 0; i < count; ++i) value = (value << 8) | bytes[little_endian ? count - 1 - i : i];
    return value;
  }
  bool has_text(std::size_t offset, std::string_view text) const {
    return offset <= size() && text.size() <= size() - offset &&
           std::equal(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  }
  template <class... Parts>
  void check(bool ok, const Parts&... parts) const {
    require<FileError>(ok, name_, ": broken ", format_, " file: ", parts...);
  }

 private:
  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  const char* format_;
};

/// What the structure of an image file tells: its size as stored, and the EXIF orientation (1 to 8; 1 is upright).
struct ImageHeader {
  Index width = 0, height = 0;
  int orientation = 1;
};

/// The "Orientation" (tag 0x0112) of the first directory of an EXIF block (a TIFF header); 1 (upright) if the block is
/// not in order: pictures with damaged EXIF are common and otherwise fine.
inline int read_exif_orientation(std::span<const std::uint8_t> tiff) try {
  const std::string name = "EXIF";
  const ByteReader reader(tiff, name, "TIFF");
  const bool little = reader.has_text(0, "II");
  if (!little && !reader.has_text(0, "MM")) return 1;
  const std::size_t directory = reader.number(4, 4, little);
  const std::size_t entries = reader.number(directory, 2, little);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (reader.number(entry, 2, little) == 0x0112) return static_cast<int>(reader.number(entry + 8, 2, little));
  }
  return 1;
} catch (const FileError&) {
  return 1;
}

/// Refuses Huffman tables of more than 256 codes, which some versions of stb_image write beyond their own tables.
inline void check_huffman_tables(const ByteReader& reader, std::size_t at, std::size_t end) {
  while (at < end) {
    std::size_t codes = 0;
    for (std::size_t length = 1; length <= 16; ++length) codes += reader.byte(at + length);
    reader.check(codes <= 256, "Huffman table of ", codes, " codes at byte ", at);
    at += 17 + codes;
  }
}

/// Follows the segments up to the end-of-image marker.
inline ImageHeader check_jpeg(const ByteReader& reader) {
  constexpr std::uint8_t huffman = 0xc4, start_of_scan = 0xda, end_of_image = 0xd9, app1 = 0xe1;
  const auto stands_alone = [](std::uint8_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8); };
  // Start of frame, of any kind of coding; the three left out are tables and extensions.
  const auto starts_frame = [](std::uint8_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  };
  ImageHeader header;
  std::size_t at = 2;
  for (;;) {
    reader.check(reader.byte(at) == 0xff, "expected a marker at byte ", at);
    while (reader.byte(at) == 0xff) ++at;
    const std::uint8_t marker = reader.byte(at++);
    if (marker == end_of_image) return header;
    if (stands_alone(marker)) continue;
    const std::size_t length = reader.number(at, 2, false);
    reader.check(length >= 2, "segment of length ", length, " at byte ", at);
    const auto body = reader.part(at + 2, length - 2);
    if (marker == app1 && reader.has_text(at + 2, std::string_view("Exif\0\0", 6)) && length >= 8)
      header.orientation = read_exif_orientation(body.subspan(6));
    if (marker == huffman) check_huffman_tables(reader, at + 2, at + length);
    if (starts_frame(marker)) {
      header.height = reader.number(at + 3, 2, false);
      header.width = reader.number(at + 5, 2, false);
    }
    at += length;
    // Coded data holds 0xff only before 0x00 (stuffing) or a restart marker.
    if (marker == start_of_scan)
      while (reader.byte(at) != 0xff || reader.byte(at + 1) == 0 || stands_alone(reader.byte(at + 1))) ++at;
  }
}

/// Follows the chunks up to IEND and verifies their check sums.
inline ImageHeader check_png(const ByteReader& reader) {
  ImageHeader header{.width = reader.number(16, 4, false), .height = reader.number(20, 4, false)};
  std::size_t at = 8;
  for (;;) {
    const std::size_t length = reader.number(at, 4, false);
    const auto type_and_body = reader.part(at + 4, length + 4);
    reader.check(crc32(type_and_body) == reader.number(at + 8 + length, 4, false), "wrong check sum at byte ", at);
    if (reader.has_text(at + 4, "IEND")) return header;
    if (reader.has_text(at + 4, "eXIf")) header.orientation = read_exif_orientation(type_and_body.subspan(4));
    at += 12 + length;
  }
}

/// Checks that all rows of pixels are there.
inline ImageHeader check_bmp(const ByteReader& reader) {
  const std::size_t pixels = reader.number(10, 4, true);
  const bool old = reader.number(14, 4, true) == 12;  // OS/2 header with 16-bit sizes
  const auto signed_size = [&](std::size_t offset) {
    return std::int64_t{static_cast<std::int32_t>(reader.number(offset, 4, true))};
  };
  const std::int64_t width = old ? reader.number(18, 2, true) : signed_size(18);
  const std::int64_t height = old ? reader.number(20, 2, true) : std::abs(signed_size(22));
  const std::int64_t bits = reader.number(old ? 24 : 28, 2, true);
  reader.check(width > 0 && height > 0 && bits > 0 && bits <= 32, width, 'x', height, " pixels of ", bits, " bits");
  reader.part(pixels, static_cast<std::size_t>((width * bits + 31) / 32 * 4 * height));
  return {.width = width, .height = height};
}

/// Refuses what is not a whole JPEG, PNG or BMP file. @throws FileError
inline ImageHeader check_image_file(std::span<const std::uint8_t> bytes, const std::string& name) {
  require<FileError>(!bytes.empty(), name, ": is empty, expected an image");
  const ByteReader jpeg(bytes, name, "JPEG"), png(bytes, name, "PNG"), bmp(bytes, name, "BMP");
  if (jpeg.has_text(0, "\xff\xd8\xff")) return check_jpeg(jpeg);
  if (png.has_text(0, "\x89PNG\r\n\x1a\n")) return check_png(png);
  if (bmp.has_text(0, "BM")) return check_bmp(bmp);
  throw FileError(name + ": is not an image of a known format (JPEG, PNG or BMP)");
}

}  // namespace amdefect::detail
