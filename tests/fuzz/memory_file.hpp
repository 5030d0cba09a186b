#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

/// A file without a disk, for parsers that take a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> content) : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    const ssize_t written = ::write(descriptor_, content.data(), content.size());
    static_cast<void>(written);  // a shorter file is one more input
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};
