#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "amdefect/image/image_header.hpp"

namespace amdefect::detail {

/// The header of a BMP file, of Windows (40 bytes and more) or OS/2 (12 or 64 bytes).
struct BmpHeader {
  enum Compression : std::uint32_t { none = 0, rle8 = 1, rle4 = 2, masks = 3, masks_with_alpha = 6 };

  std::size_t pixels = 0;  ///< offset of the first row
  std::size_t size = 0;    ///< of the header
  std::int64_t width = 0, height = 0;
  bool top_down = false;
  std::uint32_t bits = 0, compression = none;

  bool is_run_length() const { return compression == rle8 || compression == rle4; }
  std::size_t row_bytes() const { return static_cast<std::size_t>((width * bits + 31) / 32 * 4); }
};

inline BmpHeader read_bmp_header(const ByteReader& reader) {
  const auto number = [&](std::size_t at, std::size_t count) { return reader.number(at, count, true); };
  const auto signed_number = [&](std::size_t at) { return std::int64_t{static_cast<std::int32_t>(number(at, 4))}; };
  BmpHeader header{.pixels = number(10, 4), .size = number(14, 4)};
  const bool old = header.size == 12;
  reader.support(old || header.size == 40 || header.size == 52 || header.size == 56 || header.size == 64 ||
                     header.size == 108 || header.size == 124,
                 "with a header of ", header.size, " bytes, which is not read");
  header.width = old ? number(18, 2) : signed_number(18);
  const std::int64_t height = old ? number(20, 2) : signed_number(22);
  header.height = std::abs(height);
  header.top_down = height < 0;
  header.bits = number(old ? 24 : 28, 2);
  header.compression = old ? 0 : number(30, 4);
  reader.check(header.width > 0 && header.height > 0, header.width, 'x', header.height, " pixels");
  reader.check(header.pixels >= 14 + header.size, "its pixels begin at byte ", header.pixels, ", within the header");
  return header;
}

/// Refuses what is not read, and says what it is.
inline void check_bmp_coding(const ByteReader& reader, const BmpHeader& header) {
  const std::uint32_t bits = header.bits, coding = header.compression;
  const bool os2 = header.size == 64;
  reader.support(bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32, "of ", bits,
                 " bits per pixel, expected 1, 4, 8, 16, 24 or 32");
  reader.support(!os2 || coding != 3, "with Huffman coding, which is not read");
  reader.support(!os2 || coding != 4, "of 24 bits with run-length coding, which is not read");
  reader.support(coding != 4, "with a JPEG file inside, which is not read");
  reader.support(coding != 5, "with a PNG file inside, which is not read");
  reader.support(coding <= 3 || coding == BmpHeader::masks_with_alpha, "with a compression of the kind ", coding,
                 ", which is not read");
  const bool fits = coding == BmpHeader::none || (coding == BmpHeader::rle8 && bits == 8) ||
                    (coding == BmpHeader::rle4 && bits == 4) || (coding >= 3 && (bits == 16 || bits == 32));
  reader.check(fits, "compression of the kind ", coding, " with ", bits, " bits per pixel");
}

/// Expands run-length coded rows of 4 or 8 bits into rows of a byte per pixel, each filled up to a multiple of 4. What
/// the runs leave out is 0. @throws FileError if the data end before the last row is full or the coding says so.
inline Bytes expand_bmp_runs(const ByteReader& reader, const BmpHeader& header) {
  const auto width = static_cast<std::size_t>(header.width), height = static_cast<std::size_t>(header.height);
  const std::size_t row = (width + 3) / 4 * 4;
  const bool half = header.compression == BmpHeader::rle4;
  Bytes rows(row * height);
  std::size_t at = header.pixels, x = 0, y = 0;
  const auto put = [&](std::size_t value) {
    if (x < width && y < height) rows[y * row + x] = static_cast<std::uint8_t>(value);
    ++x;
  };
  const auto nibble = [&](std::size_t byte, std::size_t i) { return i % 2 == 0 ? byte >> 4 : byte & 15; };
  while (y + 1 < height || (y + 1 == height && x < width) || at + 2 <= reader.size()) {
    const std::size_t count = reader.byte(at), value = reader.byte(at + 1);
    at += 2;
    if (count > 0) {
      for (std::size_t i = 0; i < count; ++i) put(half ? nibble(value, i) : value);
    } else if (value == 0) {  // end of the row
      x = 0;
      ++y;
    } else if (value == 1) {  // end of the picture
      break;
    } else if (value == 2) {  // a step to the right and on to later rows
      x += reader.byte(at);
      y += reader.byte(at + 1);
      at += 2;
    } else {  // so many pixels as they are
      const std::size_t bytes = half ? (value + 1) / 2 : value;
      for (std::size_t i = 0; i < value; ++i)
        put(half ? nibble(reader.byte(at + i / 2), i) : std::size_t{reader.byte(at + i)});
      at += (bytes + 1) / 2 * 2;
    }
  }
  return rows;
}

/// The file with the plainest header there is, a whole palette and uncompressed rows.
inline Bytes rewrite_bmp(const ByteReader& reader, const BmpHeader& header) {
  const bool has_masks = header.compression >= 3;
  const std::uint32_t bits = header.is_run_length() ? 8 : header.bits;
  const std::size_t colours = bits <= 8 ? std::size_t{1} << bits : 0;
  const std::size_t start = 54 + (has_masks ? 12 : 0) + 4 * colours;
  Bytes bytes{'B', 'M'};
  const auto append = [&](std::int64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{0}, static_cast<std::int64_t>(start), std::int64_t{40},
                                   header.width, header.top_down ? -header.height : header.height})
    append(value, 4);
  append(1, 2);
  append(bits, 2);
  append(has_masks ? BmpHeader::masks : BmpHeader::none, 4);
  bytes.resize(54);
  if (has_masks)
    for (const std::size_t mask : {54U, 58U, 62U}) append(reader.number(mask, 4, true), 4);
  const std::size_t entry = header.size == 12 ? 3 : 4, palette = 14 + header.size;
  for (std::size_t i = 0; i < colours; ++i) {
    const bool there = palette + (i + 1) * entry <= header.pixels;  // shorter ones hold all that the pixels use
    append(there ? reader.number(palette + i * entry, 3, true) : 0, 4);
  }
  if (header.is_run_length()) {
    const Bytes rows = expand_bmp_runs(reader, header);
    bytes.insert(bytes.end(), rows.begin(), rows.end());
  } else {
    const std::size_t wanted = header.row_bytes() * static_cast<std::size_t>(header.height);
    const auto rows = reader.part(header.pixels, std::min(wanted, reader.size() - header.pixels));
    bytes.insert(bytes.end(), rows.begin(), rows.end());
  }
  return bytes;
}

/// Checks that all pixels are there (not what fills up the last row: some programs leave it out), and rewrites the
/// kinds of files that the decoder does not read as they are.
inline ImageHeader check_bmp(const ByteReader& reader) {
  const BmpHeader header = read_bmp_header(reader);
  check_bmp_coding(reader, header);
  require_few_pixels(reader.name(), header.width, header.height, reader.size());
  const auto last_row = static_cast<std::size_t>((header.width * header.bits + 7) / 8);
  if (!header.is_run_length())
    reader.part(header.pixels, header.row_bytes() * static_cast<std::size_t>(header.height - 1) + last_row);
  const std::size_t masks = header.size == 40 && header.compression == BmpHeader::masks ? 12 : 0;
  const bool plain = header.bits > 8 && header.compression != BmpHeader::masks_with_alpha && header.size != 52 &&
                     header.size != 64 && header.pixels == 14 + header.size + masks;
  return {.width = header.width, .height = header.height, .rewritten = plain ? Bytes{} : rewrite_bmp(reader, header)};
}

}  // namespace amdefect::detail
