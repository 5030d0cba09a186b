#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// Names of the pictures that are made of images, NAME.png: a number is added where an earlier image took the name, and
/// where one of the images lies under it, so that none is overwritten.
class PictureNames {
 public:
  /// `folder`, which exists, is where the pictures will be written.
  PictureNames(const std::filesystem::path& folder, std::span<const std::filesystem::path> images) {
    for (const std::filesystem::path& image : images) {
      const std::filesystem::path parent = image.has_parent_path() ? image.parent_path() : ".";
      if (image.extension() == ".png" && std::filesystem::equivalent(parent, folder))
        taken_.insert(image.stem().string());
    }
  }

  /// The name of the picture of the next image.
  std::string next(const std::filesystem::path& image) {
    std::string name = image.stem().string();
    for (int number = 2; !taken_.insert(name).second; ++number) name = concat(image.stem().string(), '_', number);
    return name + ".png";
  }

 private:
  std::set<std::string> taken_;
};

}  // namespace amdefect
