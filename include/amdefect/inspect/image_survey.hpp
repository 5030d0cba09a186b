#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "amdefect/core/parallel.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/image/resize.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/file_bytes.hpp"

namespace amdefect {

/// The picture in 16 x 16 grey values, row by row.
using Thumbnail = std::array<std::uint8_t, 256>;

/// What reading an image file once has shown.
struct SurveyedImage {
  std::string fault{};  ///< why the image cannot be used, as one line that names it; empty if it can
  std::size_t bytes = 0;
  std::uint32_t checksum = 0;  ///< CRC-32 of the file
  int orientation = 1;         ///< EXIF's, 1 to 8; 1: the picture is stored upright
  Thumbnail thumbnail{};
};

namespace detail {

/// The mean of the first three channels, scaled to `side` x `side` pixels whatever the shape of the image.
inline Image small_grey(const Image& image, Index side) {
  const Image small = resize(image, side, side);
  const Index channels = std::min<Index>(small.channels(), 3);
  Image grey(side, side, 1);
  for (Index y = 0; y < side; ++y)
    for (Index x = 0; x < side; ++x)
      grey(y, x, 0) = static_cast<std::uint8_t>(
          (std::accumulate(small.pixel(y, x), small.pixel(y, x) + channels, Index{0}) + channels / 2) / channels);
  return grey;
}

/// Reads the pictures of the further channels of an image. @throws FileError
inline void survey_extra_images(const CocoSplit& split, const CocoSource& source, Index index, const Image& image,
                                const std::vector<std::string>& folders) {
  const std::filesystem::path& file = source.file(index);
  for (const std::string& folder : folders) {
    load_extra_channel(require_extra_image_file(file.string(), file, folder, split.folder), file, image);
  }
}

inline SurveyedImage survey_image(const CocoSplit& split, const CocoSource& source, Index index,
                                  const std::vector<std::string>& extra_folders) {
  SurveyedImage result;
  try {
    const auto position = static_cast<std::size_t>(index);
    require_image_file(split, position);
    const Bytes bytes = read_bytes(split.image_files[position]);
    result.bytes = bytes.size();
    result.checksum = crc32(bytes);
    const std::string name = split.image_files[position].string();
    result.orientation = check_image_file(bytes, name).orientation;
    const Image image = decode_image(bytes, name);
    source.check_size(index, image);
    const Image grey = small_grey(image, 16);
    std::copy(grey.bytes().begin(), grey.bytes().end(), result.thumbnail.begin());
    survey_extra_images(split, source, index, image, extra_folders);
  } catch (const Error& error) {
    result.fault = error.what();
  } catch (const std::bad_alloc&) {
    result.fault =
        concat(split.coco.images[static_cast<std::size_t>(index)].file_name, ": there is not enough memory to read it");
  } catch (const std::exception& error) {  // such messages do not name the image
    result.fault = concat(split.coco.images[static_cast<std::size_t>(index)].file_name, ": ", error.what());
  }
  return result;
}

}  // namespace detail

/// Reads every image of a split: whether it is there, can be decoded and has the size of its entry, and what is needed
/// to find it again elsewhere; also the pictures of its further channels. `threads`: 0 for all cores.
inline std::vector<SurveyedImage> survey_images(const CocoSplit& split, int threads = 0,
                                                const std::vector<std::string>& extra_image_folders = {}) {
  const CocoSource source(split);
  std::vector<SurveyedImage> images(split.image_files.size());
  parallel_for(threads, split.size(), [&](Index begin, Index end, int) {
    for (Index i = begin; i < end; ++i)
      images[static_cast<std::size_t>(i)] = detail::survey_image(split, source, i, extra_image_folders);
  });
  return images;
}

}  // namespace amdefect
