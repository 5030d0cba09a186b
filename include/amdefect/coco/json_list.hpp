#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/io/atomic_file.hpp"

namespace amdefect::detail {

/// Writes a JSON list into a file as its entries come, one on each line; holds at most a block of text.
class JsonList {
 public:
  explicit JsonList(AtomicFile& file) : file_(file) {}

  /// @throws FileError for a text that is not UTF-8, and if the file cannot be written.
  void add(const nlohmann::ordered_json& entry) {
    try {
      text_ += (size_ > 0 ? ",\n" : "\n") + entry.dump();
    } catch (const nlohmann::json::exception& error) {
      throw FileError(concat("write COCO file: entry ", size_, " of a list: ", error.what()));
    }
    ++size_;
    if (text_.size() < block) return;
    file_.write(text_);
    text_.clear();
  }
  /// Entries so far.
  std::size_t size() const { return size_; }
  /// Writes the rest and closes the list; nothing may be added afterwards.
  void finish() { file_.write(text_ + (size_ > 0 ? "\n]" : "]")); }

 private:
  static constexpr std::size_t block = std::size_t{1} << 16;
  AtomicFile& file_;
  std::string text_ = "[";
  std::size_t size_ = 0;
};

}  // namespace amdefect::detail
