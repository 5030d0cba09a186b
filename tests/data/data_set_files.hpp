#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/image/image_io.hpp"

/// An annotation file with images of 8x6 pixels and one box each, categories 0, 7 and 3 (in this order).
inline std::string coco_text(const std::vector<std::string>& names, const std::string& more_annotations = "") {
  std::string images, annotations;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string comma = i ? "," : "", id = std::to_string(i + 1);
    images += comma + R"({"id":)" + id + R"(,"file_name":")" + names[i] + R"(","width":8,"height":6})";
    annotations += comma + R"({"id":)" + id + R"(,"image_id":)" + id + R"(,"category_id":7,"bbox":[1,2,3,)" + id + "]}";
  }
  return R"({"images":[)" + images + R"(],"annotations":[)" + annotations + more_annotations +
         R"(],"categories":[{"id":7,"name":"seven"},{"id":0,"name":"all"},{"id":3,"name":"three"}]})";
}

inline void save(const std::filesystem::path& path, std::uint8_t value = 9, amdefect::Index width = 8,
                 amdefect::Index height = 6) {
  std::filesystem::create_directories(path.parent_path());
  amdefect::save_image(path, amdefect::Image(height, width, 3, value));
}
