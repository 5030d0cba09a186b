#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// Names of the pictures that are made of images, NAME.png: a number is added where an earlier image took the name, and
/// where there is a file or link of that name, so that nothing is overwritten.
class PictureNames {
 public:
  /// `folder` is where the pictures will be written.
  explicit PictureNames(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The name of the picture of the next image.
  std::string next(const std::filesystem::path& image) {
    std::string name = image.stem().string();
    for (int number = 2; is_there(name) || !taken_.insert(name).second; ++number)
      name = concat(image.stem().string(), '_', number);
    return name + ".png";
  }

 private:
  bool is_there(const std::string& name) const {
    std::error_code none;
    const std::filesystem::file_status status = std::filesystem::symlink_status(folder_ / (name + ".png"), none);
    return std::filesystem::exists(status) && !std::filesystem::is_directory(status);  // which writing cannot replace
  }

  std::filesystem::path folder_;
  std::set<std::string> taken_;
};

}  // namespace amdefect
