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
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/list_folder.hpp"

namespace amdefect {

/// Whether the name ends as those of the images that `load_image` reads: .jpg, .jpeg, .jpe, .jfif, .png, .bmp or .dib
/// in any case.
inline bool is_image_file(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 7> known{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib"};
  const std::string extension = ascii_lower(path.extension().string());
  return std::find(known.begin(), known.end(), extension) != known.end();
}

/// The files as given, and in the place of a folder all images in it, sorted; not those of folders below, and none
/// of the system's hidden ones (see `is_system_name`).
/// @throws FileError for an input that does not exist and for a folder without images.
inline std::vector<std::filesystem::path> find_images(std::span<const std::filesystem::path> inputs) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& input : inputs) {
    require<FileError>(is_there(input), "there is no file or folder ", input.string());
    if (!is_folder(input)) {
      files.push_back(input);
      continue;
    }
    std::vector<std::filesystem::path> found = list_folder(input, EntryKind::file);
    std::erase_if(found, [](const auto& file) { return !is_image_file(file); });
    require<FileError>(
        !found.empty(), "the folder ", input.string(), " holds no JPEG, PNG or BMP images",
        list_folder(input, EntryKind::folder).empty() ? "" : " (folders inside of it are not looked into)");
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace amdefect
