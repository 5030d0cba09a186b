#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "amdefect/coco/json_lookalike.hpp"
#include "amdefect/core/error.hpp"

namespace amdefect::detail {

/// The bytes of a file in blocks, for a streaming JSON parser. Refuses a single value of more than `longest_value`
/// bytes, so that a file of garbage cannot fill the memory.
class JsonBytes {
 public:
  static constexpr std::size_t longest_value = std::size_t{64} << 20;

  /// @throws FileError if the file cannot be opened or read, or is of another kind, by its first bytes.
  explicit JsonBytes(const std::filesystem::path& path) : name_(path.string()), block_(std::size_t{1} << 16) {
    std::error_code ignored;
    require<FileError>(!std::filesystem::is_directory(path, ignored), name_, ": is a folder, expected a JSON file");
    file_.open(path, std::ios::binary);
    require<FileError>(file_.is_open(), name_, ": cannot be opened: ", std::strerror(errno));
    fill();
    const std::string_view what = json_lookalike({block_.data(), size_});
    require<FileError>(what.empty(), name_, ": is ", what, ", expected JSON");
  }

  /// The parser has understood everything up to here.
  void mark() { marked_ = before_block_ + at_; }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Iterator() = default;
    explicit Iterator(JsonBytes& bytes) : bytes_(&bytes) {}
    reference operator*() const { return bytes_->block_[bytes_->at_]; }
    Iterator& operator++() {
      if (++bytes_->at_ == bytes_->size_) bytes_->fill();
      return *this;
    }
    Iterator operator++(int) = delete;
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_end() == b.at_end(); }

   private:
    bool at_end() const { return bytes_ == nullptr || bytes_->size_ == 0; }
    JsonBytes* bytes_ = nullptr;
  };

  Iterator begin() { return Iterator(*this); }
  Iterator end() { return Iterator(); }

 private:
  void fill() {
    before_block_ += size_;
    require<FileError>(before_block_ - marked_ <= longest_value, name_,
                       ": not a COCO file: a single value is longer than ", longest_value >> 20, " MiB");
    file_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    require<FileError>(!file_.bad(), name_, ": reading failed");
    size_ = static_cast<std::size_t>(file_.gcount());
    at_ = 0;
  }

  std::string name_;
  std::ifstream file_;
  std::vector<char> block_;
  std::size_t at_ = 0, size_ = 0, before_block_ = 0, marked_ = 0;
};

}  // namespace amdefect::detail
