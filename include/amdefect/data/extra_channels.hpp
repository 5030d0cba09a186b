#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/io/lies_in.hpp"

namespace amdefect {

/// The picture of the same scene (thermal, a second camera, a template) in a folder of such pictures, e.g. "thermal":
/// for an image F/a.jpg that is F/thermal/a.jpg, or the same name ending in .png, .jpeg or .bmp; for F/images/a.jpg
/// also F/thermal/a.jpg; else the one in D/thermal, where D is the data set's folder, or in the folder itself, absolute
/// or seen from the working directory. Unless D is empty the first two must lie in D, where links may lead out of it
/// (see `CocoSplit::folder`). Empty if there is none.
inline std::filesystem::path extra_image_file(const std::filesystem::path& image, const std::string& folder,
                                              const std::filesystem::path& data_set = {}) {
  std::vector<std::filesystem::path> places{image.parent_path() / folder};
  if (image.parent_path().filename() == "images") places.push_back(image.parent_path().parent_path() / folder);
  if (!data_set.empty()) places.push_back(data_set / folder);
  places.emplace_back(folder);
  for (const std::filesystem::path& place : places)
    for (const char* extension : {"", ".png", ".jpg", ".jpeg", ".bmp"}) {
      std::filesystem::path candidate = place / image.filename();
      if (*extension) candidate.replace_extension(extension);
      std::error_code none;
      if (std::filesystem::is_regular_file(candidate, none) &&
          (data_set.empty() || lies_in(candidate, data_set) || lies_in(candidate, folder)))
        return candidate;
    }
  return {};
}

/// The same. @throws FileError, which begins with `where`, if there is none.
inline std::filesystem::path require_extra_image_file(const std::string& where, const std::filesystem::path& image,
                                                      const std::string& folder,
                                                      const std::filesystem::path& data_set = {}) {
  std::filesystem::path extra = extra_image_file(image, folder, data_set);
  if (!extra.empty()) return extra;
  const std::string picture = concat("\"", folder, '/', image.filename().string(), "\" for the extra channel");
  require<FileError>(extra_image_file(image, folder).empty(), where, ": the picture ", picture,
                     detail::outside_text(data_set));
  throw FileError(concat(where, ": there is no picture ", picture));
}

namespace detail {

template <PixelType P>
std::string size_text(const BasicImage<P>& image) {
  return concat(image.width(), 'x', image.height());
}

}  // namespace detail

/// Reads the picture of a further channel of an image. @throws FileError also if it has another size.
template <PixelType P>
BasicImage<P> load_extra_channel(const std::filesystem::path& file, const std::filesystem::path& image_file,
                                 const BasicImage<P>& image) {
  BasicImage<P> extra = load_image_as<P>(file, ImageChannels::grey);
  require<FileError>(extra.height() == image.height() && extra.width() == image.width(), file.string(), ": is ",
                     detail::size_text(extra), " pixels large, but ", image_file.string(), " is ",
                     detail::size_text(image));
  return extra;
}

/// A copy of the image with the further channels that are in the folders (see `extra_image_file`) behind its own.
/// @throws FileError for a picture that is missing or of another size.
template <PixelType P>
BasicImage<P> with_extra_channels(const BasicImage<P>& image, const std::filesystem::path& image_file,
                                  const std::vector<std::string>& folders) {
  BasicImage<P> all = image.clone();
  for (const std::string& folder : folders) {
    const std::filesystem::path file = require_extra_image_file(image_file.string(), image_file, folder);
    all = stack_channels(all, load_extra_channel(file, image_file, image));
  }
  return all;
}

}  // namespace amdefect
