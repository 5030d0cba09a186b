#pragma once

// stb_image, its functions private to each translation unit. A program that includes stb_image.h before this header
// has an implementation of its own, which is then used.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#ifndef STBI_INCLUDE_STB_IMAGE_H
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#endif
#include <stb_image.h>
#ifndef INCLUDE_STB_IMAGE_WRITE_H
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#endif
#include <stb_image_write.h>
#undef STB_IMAGE_IMPLEMENTATION
#undef STB_IMAGE_WRITE_IMPLEMENTATION
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <cctype>
#include <concepts>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "amdefect/image/image.hpp"
#include "amdefect/image/image_container.hpp"
#include "amdefect/image/orientation.hpp"
#include "amdefect/io/file_bytes.hpp"

namespace amdefect {

/// Which channels a decoded image has.
enum class ImageChannels {
  as_stored,  ///< grey 1, grey with alpha 2, RGB 3, RGBA 4
  grey,       ///< 1; colour is weighted to luma
  rgb         ///< 3; grey is repeated, alpha is dropped (not blended), as Pillow and OpenCV do
};

/// Images of more pixels than this are refused: a header of a few bytes must not claim all memory.
inline constexpr Index max_image_pixels = Index{1} << 28;

/// Decodes a JPEG, PNG or BMP file and turns it upright (EXIF orientation). `P` is `std::uint8_t` or `std::uint16_t`:
/// of 16-bit values the upper 8 bits are kept, or 8-bit values are multiplied by 257. `name` stands for the file in
/// messages. @throws FileError if the bytes are no such file, damaged or truncated.
template <PixelType P>
BasicImage<P> decode_image_as(std::span<const std::uint8_t> bytes, const std::string& name,
                              ImageChannels channels = ImageChannels::rgb) {
  static_assert(!std::same_as<P, float>, "image files hold values of 8 or 16 bits");
  const detail::ImageHeader header = detail::check_image_file(bytes, name);
  require<FileError>(header.width <= max_image_pixels && header.height <= max_image_pixels &&
                         header.width * header.height <= max_image_pixels,
                     name, ": has ", header.width, 'x', header.height, " pixels, more than the ", max_image_pixels,
                     " that are allowed");
  require<FileError>(bytes.size() <= std::numeric_limits<int>::max(), name, ": images of 2 GiB or more are not read");
  const auto size = static_cast<int>(bytes.size());
  int width = 0, height = 0, stored = 0;
  const int wanted = channels == ImageChannels::rgb ? 3 : channels == ImageChannels::grey ? 1 : 0;
  const auto load = [] {
    if constexpr (std::same_as<P, std::uint8_t>)
      return stbi_load_from_memory;
    else
      return stbi_load_16_from_memory;
  }();
  const std::unique_ptr<P, void (*)(void*)> pixels(load(bytes.data(), size, &width, &height, &stored, wanted),
                                                   stbi_image_free);
  require<FileError>(pixels != nullptr, name, ": cannot be decoded: ", stbi_failure_reason());
  BasicImage<P> image(height, width, wanted ? wanted : stored);
  std::copy_n(pixels.get(), image.values().size(), image.values().begin());
  const Orientation orientation = exif_orientation(header.orientation);
  return orientation == Orientation{} ? std::move(image) : orient(image, orientation);
}
inline Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name,
                          ImageChannels channels = ImageChannels::rgb) {
  return decode_image_as<std::uint8_t>(bytes, name, channels);
}

/// Reads a JPEG, PNG or BMP file; see `decode_image_as`. @throws FileError
inline Image load_image(const std::filesystem::path& path, ImageChannels channels = ImageChannels::rgb) {
  return decode_image(read_bytes(path), path.string(), channels);
}
/// The same with 16 bits per value: a 16-bit PNG loses nothing.
inline Image16 load_image_16(const std::filesystem::path& path, ImageChannels channels = ImageChannels::rgb) {
  return decode_image_as<std::uint16_t>(read_bytes(path), path.string(), channels);
}
/// Whether the file's values have 16 bits. @throws FileError if it cannot be read.
inline bool is_16_bit_image(const std::filesystem::path& path) {
  const Bytes bytes = read_bytes(path);
  return bytes.size() <= std::numeric_limits<int>::max() &&
         stbi_is_16_bit_from_memory(bytes.data(), static_cast<int>(bytes.size())) != 0;
}

namespace detail {

inline void require_encodable(const Image& image, Index most_channels) {
  require<ShapeError>(!image.empty() && image.channels() <= most_channels, "encode image: shape ", image.shape(),
                      ", expected at least one pixel and at most ", most_channels, " channels");
}
inline void append_bytes(void* bytes, void* data, int size) {
  const auto* from = static_cast<const std::uint8_t*>(data);
  static_cast<Bytes*>(bytes)->insert(static_cast<Bytes*>(bytes)->end(), from, from + size);
}

}  // namespace detail

/// The image as a PNG file. @throws ShapeError for an empty image or more than 4 channels.
inline Bytes encode_png(const Image& image) {
  detail::require_encodable(image, 4);
  Bytes bytes;
  const int width = static_cast<int>(image.width()), channels = static_cast<int>(image.channels());
  const int done = stbi_write_png_to_func(detail::append_bytes, &bytes, width, static_cast<int>(image.height()),
                                          channels, image.bytes().data(), width * channels);
  require(done != 0, "encode PNG: out of memory");
  return bytes;
}

/// The image as a JPEG file. Quality: 1 to 100; above 90 the colours keep their full resolution.
/// @throws ShapeError for an empty image or channels other than 1 or 3.
inline Bytes encode_jpeg(const Image& image, int quality = 92) {
  detail::require_encodable(image, 3);
  require<ShapeError>(image.channels() != 2, "encode JPEG: 2 channels are not possible, expected 1 or 3");
  Bytes bytes;
  const int done = stbi_write_jpg_to_func(detail::append_bytes, &bytes, static_cast<int>(image.width()),
                                          static_cast<int>(image.height()), static_cast<int>(image.channels()),
                                          image.bytes().data(), quality);
  require(done != 0, "encode JPEG: out of memory");
  return bytes;
}

/// Writes a PNG or JPEG file, by its extension, as a whole or not at all. @throws FileError, ShapeError
inline void save_image(const std::filesystem::path& path, const Image& image) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool jpeg = extension == ".jpg" || extension == ".jpeg";
  require<FileError>(jpeg || extension == ".png", path.string(), ": images are written as .png, .jpg or .jpeg");
  write_bytes(path, jpeg ? encode_jpeg(image) : encode_png(image));
}

}  // namespace amdefect
