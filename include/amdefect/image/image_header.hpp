#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/image/byte_reader.hpp"
#include "amdefect/io/file_bytes.hpp"

namespace amdefect {

/// Images of more pixels than this are refused: a header of a few bytes must not claim all memory.
inline constexpr Index max_image_pixels = Index{1} << 28;

namespace detail {

/// What the structure of an image file tells: its size as stored, and the EXIF orientation (1 to 8; 1 is upright).
struct ImageHeader {
  Index width = 0, height = 0;
  int orientation = 1;
  /// The same picture in a form that the decoder understands; empty: the file itself.
  Bytes rewritten{};
  /// Where `rewritten` got the end that the file lacks. Whether pixels are missing as well, only decoding shows.
  std::size_t added_end = 0;
};

/// Throws a FileError for more pixels than are allowed, and for more than a file of so many bytes can hold: deflate, of
/// all codings the densest, makes at most 1032 bytes of one, each with 8 pixels. (Small pictures are no harm.)
inline void require_few_pixels(const std::string& name, Index width, Index height, std::size_t file_size) {
  require<FileError>(width <= max_image_pixels && height <= max_image_pixels && width * height <= max_image_pixels,
                     name, ": has ", width, 'x', height, " pixels, more than the ", max_image_pixels,
                     " that are allowed");
  constexpr Index pixels_per_byte = Index{8} * 1032, small = 1 << 16;
  require<FileError>(width * height <= small || width * height / pixels_per_byte <= static_cast<Index>(file_size), name,
                     ": has ", width, 'x', height, " pixels, more than its ", file_size, " bytes can hold");
}

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

}  // namespace detail

}  // namespace amdefect
