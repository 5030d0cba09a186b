#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"

namespace amdefect {

/// Whether the name ends as those of the images that `load_image` reads: .jpg, .jpeg, .png or .bmp in any case.
inline bool is_image_file(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 4> known{".jpg", ".jpeg", ".png", ".bmp"};
  const std::string extension = ascii_lower(path.extension().string());
  return std::find(known.begin(), known.end(), extension) != known.end();
}

/// The files as given, and in the place of a folder all images in it, sorted; not those of folders below.
/// @throws FileError for an input that does not exist and for a folder without images.
inline std::vector<std::filesystem::path> find_images(std::span<const std::filesystem::path> inputs) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& input : inputs) {
    require<FileError>(std::filesystem::exists(input), "there is no file or folder ", input.string());
    if (!std::filesystem::is_directory(input)) {
      files.push_back(input);
      continue;
    }
    const auto first = static_cast<std::ptrdiff_t>(files.size());
    for (const auto& entry : std::filesystem::directory_iterator(input))
      if (entry.is_regular_file() && is_image_file(entry.path())) files.push_back(entry.path());
    require<FileError>(files.begin() + first != files.end(), "the folder ", input.string(),
                       " holds no JPEG, PNG or BMP images");
    std::sort(files.begin() + first, files.end());
  }
  return files;
}

}  // namespace amdefect
