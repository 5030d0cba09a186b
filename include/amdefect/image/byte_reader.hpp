#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "amdefect/core/error.hpp"

namespace amdefect::detail {

/// Bounds-checked reading of integers of either byte order from an image file.
class ByteReader {
 public:
  ByteReader(std::span<const std::uint8_t> bytes, const std::string& name, const char* format)
      : bytes_(bytes), name_(name), format_(format) {}

  std::size_t size() const { return bytes_.size(); }
  /// `count` bytes from `offset` on. @throws FileError beyond the end.
  std::span<const std::uint8_t> part(std::size_t offset, std::size_t count) const {
    if (offset > size() || count > size() - offset) truncated();
    return bytes_.subspan(offset, count);
  }
  std::uint8_t byte(std::size_t offset) const { return part(offset, 1)[0]; }
  std::uint32_t number(std::size_t offset, std::size_t count, bool little_endian) const {
    std::uint32_t value = 0;
    const auto bytes = part(offset, count);
    for (std::size_t i = 0; i < count; ++i) value = (value << 8) | bytes[little_endian ? count - 1 - i : i];
    return value;
  }
  bool has_text(std::size_t offset, std::string_view text) const {
    return offset <= size() && text.size() <= size() - offset &&
           std::equal(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  }
  template <class... Parts>
  void check(bool ok, const Parts&... parts) const {
    require<FileError>(ok, name_, ": broken ", format_, " file: ", parts...);
  }
  /// Refuses a file that may be in order but has a feature that is not read. `what` says which, e.g. "with ...".
  template <class... Parts>
  void support(bool ok, const Parts&... what) const {
    require<FileError>(ok, name_, ": is a ", format_, " file ", what...);
  }
  [[noreturn]] void truncated() const {
    throw FileError(concat(name_, ": truncated ", format_, " file (", size(), " bytes)"));
  }
  const std::string& name() const { return name_; }

 private:
  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  const char* format_;
};

}  // namespace amdefect::detail
