#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "amdefect/core/number_text.hpp"
#include "amdefect/image/decode_memory.hpp"
#include "amdefect/image/image.hpp"
#include "amdefect/image/image_container.hpp"
#include "amdefect/image/orientation.hpp"
#include "amdefect/image/stb_read.hpp"
#include "amdefect/image/stb_write.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/list_folder.hpp"

namespace amdefect {

/// Which channels a decoded image has.
enum class ImageChannels {
  as_stored,  ///< grey 1, grey with alpha 2, RGB 3, RGBA 4
  grey,       ///< 1; colour is weighted to luma
  rgb         ///< 3; grey is repeated, alpha is dropped (not blended), as Pillow and OpenCV do
};

namespace detail {

/// Decodes what `check_image_file` found in order. @throws FileError, and std::bad_alloc where memory runs out
template <PixelType P>
BasicImage<P> decode_pixels(std::span<const std::uint8_t> bytes, const ImageHeader& header, const std::string& name,
                            ImageChannels channels) {
  require<FileError>(bytes.size() <= std::numeric_limits<int>::max(), name, ": images of 2 GiB or more are not read");
  const auto size = static_cast<int>(bytes.size());
  int width = 0, height = 0, stored = 0;
  const int wanted = channels == ImageChannels::rgb ? 3 : channels == ImageChannels::grey ? 1 : 0;
  const auto load = [] {
    if constexpr (std::same_as<P, std::uint8_t>)
      return stb::stbi_load_from_memory;
    else
      return stb::stbi_load_16_from_memory;
  }();
  const DecodeMemory limit(header.width, header.height, bytes.size());
  const std::unique_ptr<P, void (*)(void*)> pixels(load(bytes.data(), size, &width, &height, &stored, wanted),
                                                   stb::stbi_image_free);
  require<FileError>(!limit.exceeded(), name, ": cannot be decoded: its data unpack to more than ", header.width, 'x',
                     header.height, " pixels");
  if (!pixels && std::string_view(stb::stbi_failure_reason()) == "outofmem") throw std::bad_alloc();
  require<FileError>(pixels != nullptr, name, ": cannot be decoded: ", stb::stbi_failure_reason());
  BasicImage<P> image(height, width, wanted ? wanted : stored);
  std::copy_n(pixels.get(), image.values().size(), image.values().begin());
  return image;
}

/// Whether the coded data of a JPEG file without its end are all there: the decoder then does not look at what comes
/// behind them.
template <PixelType P>
bool is_complete(const ImageHeader& header, const BasicImage<P>& image, const std::string& name,
                 ImageChannels channels) try {
  Bytes other = header.rewritten;
  other.insert(other.begin() + static_cast<std::ptrdiff_t>(header.added_end), 64, std::uint8_t{0xa5});
  return decode_pixels<P>(other, header, name, channels) == image;
} catch (const FileError&) {
  return false;
}

}  // namespace detail

/// Decodes a JPEG, PNG or BMP file and turns it upright (EXIF orientation). `P` is `std::uint8_t` or `std::uint16_t`:
/// of 16-bit values the upper 8 bits are kept, or 8-bit values are multiplied by 257. `name` stands for the file in
/// messages. @throws FileError if the bytes are no such file, damaged or truncated.
template <PixelType P>
BasicImage<P> decode_image_as(std::span<const std::uint8_t> bytes, const std::string& name,
                              ImageChannels channels = ImageChannels::rgb) {
  static_assert(!std::same_as<P, float>, "image files hold values of 8 or 16 bits");
  const detail::ImageHeader header = detail::check_image_file(bytes, name);
  detail::require_few_pixels(name, header.width, header.height, bytes.size());
  BasicImage<P> image =
      detail::decode_pixels<P>(header.rewritten.empty() ? bytes : std::span(header.rewritten), header, name, channels);
  require<FileError>(header.added_end == 0 || detail::is_complete(header, image, name, channels), name,
                     ": truncated JPEG file (", bytes.size(), " bytes)");
  const Orientation orientation = exif_orientation(header.orientation);
  return orientation == Orientation{} ? std::move(image) : orient(image, orientation);
}
inline Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name,
                          ImageChannels channels = ImageChannels::rgb) {
  return decode_image_as<std::uint8_t>(bytes, name, channels);
}

/// Reads a JPEG, PNG or BMP file; see `decode_image_as`. @throws FileError
template <PixelType P>
BasicImage<P> load_image_as(const std::filesystem::path& path, ImageChannels channels = ImageChannels::rgb) {
  return decode_image_as<P>(read_bytes(path), path.string(), channels);
}
inline Image load_image(const std::filesystem::path& path, ImageChannels channels = ImageChannels::rgb) {
  return load_image_as<std::uint8_t>(path, channels);
}
/// The same with 16 bits per value: a 16-bit PNG loses nothing.
inline Image16 load_image_16(const std::filesystem::path& path, ImageChannels channels = ImageChannels::rgb) {
  return load_image_as<std::uint16_t>(path, channels);
}
/// Whether the file's values have 16 bits. @throws FileError if it cannot be read.
inline bool is_16_bit_image(const std::filesystem::path& path) {
  const Bytes bytes = read_bytes(path);
  return bytes.size() <= std::numeric_limits<int>::max() &&
         detail::stb::stbi_is_16_bit_from_memory(bytes.data(), static_cast<int>(bytes.size())) != 0;
}

namespace detail {

template <PixelType P>
void require_encodable(const BasicImage<P>& image, Index most_channels) {
  require<ShapeError>(!image.empty() && image.channels() <= most_channels, "encode image: shape ", image.shape(),
                      ", expected at least one pixel and at most ", most_channels, " channels");
}
inline void append_bytes(void* bytes, void* data, int size) {
  const auto* from = static_cast<const std::uint8_t*>(data);
  static_cast<Bytes*>(bytes)->insert(static_cast<Bytes*>(bytes)->end(), from, from + size);
}
inline void append_big_endian(Bytes& bytes, std::uint32_t value, int count) {
  while (count-- > 0) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * count)));
}
inline void append_png_chunk(Bytes& png, std::string_view type, std::span<const std::uint8_t> body) {
  append_big_endian(png, static_cast<std::uint32_t>(body.size()), 4);
  const std::size_t start = png.size();
  png.insert(png.end(), type.begin(), type.end());
  png.insert(png.end(), body.begin(), body.end());
  append_big_endian(png, crc32(std::span(png).subspan(start)), 4);
}

}  // namespace detail

/// The image as a PNG file. @throws ShapeError for an empty image or more than 4 channels.
inline Bytes encode_png(const Image& image) {
  detail::require_encodable(image, 4);
  Bytes bytes;
  const int width = static_cast<int>(image.width()), channels = static_cast<int>(image.channels());
  const int done =
      detail::stb::stbi_write_png_to_func(detail::append_bytes, &bytes, width, static_cast<int>(image.height()),
                                          channels, image.bytes().data(), width * channels);
  require(done != 0, "encode PNG: out of memory");
  return bytes;
}

/// The image as a PNG file of 16 bits per value. @throws ShapeError for an empty image or more than 4 channels.
inline Bytes encode_png(const Image16& image) {
  detail::require_encodable(image, 4);
  Bytes rows;  // each after a byte that names its filter: none
  for (Index y = 0; y < image.height(); ++y) {
    rows.push_back(0);
    for (Index i = 0; i < image.width() * image.channels(); ++i)
      detail::append_big_endian(rows, image.pixel(y, 0)[i], 2);
  }
  int size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> packed(
      detail::stb::stbi_zlib_compress(rows.data(), static_cast<int>(rows.size()), &size,
                                      detail::stb::stbi_write_png_compression_level),
      std::free);
  require(packed != nullptr, "encode PNG: out of memory");
  constexpr std::array<std::uint8_t, 4> color_types{0, 4, 2, 6};  // grey, grey and alpha, RGB, RGBA
  Bytes header;
  detail::append_big_endian(header, static_cast<std::uint32_t>(image.width()), 4);
  detail::append_big_endian(header, static_cast<std::uint32_t>(image.height()), 4);
  for (const std::uint8_t byte : {std::uint8_t{16}, color_types[static_cast<std::size_t>(image.channels() - 1)],
                                  std::uint8_t{0}, std::uint8_t{0}, std::uint8_t{0}})
    header.push_back(byte);
  Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  detail::append_png_chunk(png, "IHDR", header);
  detail::append_png_chunk(png, "IDAT", {packed.get(), static_cast<std::size_t>(size)});
  detail::append_png_chunk(png, "IEND", {});
  return png;
}

/// The image as a JPEG file. Quality: 1 to 100; above 90 the colours keep their full resolution.
/// @throws ShapeError for an empty image or channels other than 1 or 3.
inline Bytes encode_jpeg(const Image& image, int quality = 92) {
  detail::require_encodable(image, 3);
  require<ShapeError>(image.channels() != 2, "encode JPEG: 2 channels are not possible, expected 1 or 3");
  Bytes bytes;
  const int done = detail::stb::stbi_write_jpg_to_func(
      detail::append_bytes, &bytes, static_cast<int>(image.width()), static_cast<int>(image.height()),
      static_cast<int>(image.channels()), image.bytes().data(), quality);
  require(done != 0, "encode JPEG: out of memory");
  return bytes;
}

/// Writes a PNG or JPEG file, by its extension, as a whole or not at all. @throws FileError, ShapeError
template <PixelType P>
void save_image(const std::filesystem::path& path, const BasicImage<P>& image) {
  const std::string extension = ascii_lower(path.extension().string());
  const bool jpeg = extension == ".jpg" || extension == ".jpeg";
  require<FileError>(jpeg || extension == ".png", path.string(), ": images are written as .png, .jpg or .jpeg");
  if constexpr (std::same_as<P, std::uint8_t>) {
    write_bytes(path, jpeg ? encode_jpeg(image) : encode_png(image));
  } else {
    require<FileError>(!jpeg, path.string(), ": images of 16 bits are written as .png");
    write_bytes(path, encode_png(image));
  }
}

}  // namespace amdefect
