#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/io/atomic_file.hpp"

namespace amdefect {

using Bytes = std::vector<std::uint8_t>;

/// The whole content of a file. @throws FileError if it is missing, a folder, or cannot be read.
inline Bytes read_bytes(const std::filesystem::path& path) {
  std::error_code failure;
  require<FileError>(!std::filesystem::is_directory(path, failure), path.string(), ": is a folder, expected a file");
  require<FileError>(std::filesystem::is_regular_file(path, failure) || !std::filesystem::exists(path, failure),
                     path.string(), ": is a pipe or a device, expected a file");  // which could block
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  require<FileError>(in.is_open(), path.string(), ": cannot be opened: ", std::strerror(errno));
  const auto size = std::filesystem::file_size(path, failure);
  require<FileError>(!failure, path.string(), ": cannot be read: ", failure.message());
  Bytes bytes(size);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  require<FileError>(static_cast<std::size_t>(in.gcount()) == bytes.size(), path.string(), ": cannot be read: ", "got ",
                     in.gcount(), " of ", bytes.size(), " bytes");
  return bytes;
}

/// Writes a whole file, or leaves the old one as it was; for files that are easily made again: not synced to the disk.
/// @throws FileError
inline void write_bytes(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  AtomicFile file(path);
  file.write(std::as_bytes(bytes));
  file.commit(false);
}

}  // namespace amdefect
