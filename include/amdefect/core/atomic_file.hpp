#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// Writes a file as a whole or not at all: `write(std::ostream&)` fills a temporary file beside it, which then takes
/// its name. @throws FileError if that fails; an older file of that name is then still there.
template <class Write>
void write_file_atomically(const std::filesystem::path& path, Write&& write) {
  std::filesystem::path temporary = path;
  temporary += ".partial";
  std::error_code failure;
  try {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    require<FileError>(out.is_open(), path.string(), ": cannot be written: ", std::strerror(errno));
    write(static_cast<std::ostream&>(out));
    out.close();
    require<FileError>(!out.fail(), path.string(), ": writing failed (is the disk full?)");
    std::filesystem::rename(temporary, path, failure);
    require<FileError>(!failure, path.string(), ": cannot be replaced: ", failure.message());
  } catch (...) {
    std::filesystem::remove(temporary, failure);
    throw;
  }
}

}  // namespace amdefect
