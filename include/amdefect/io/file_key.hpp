#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "amdefect/io/file_type.hpp"

namespace amdefect {

/// What changes whenever a file does.
struct FileStamp {
  std::uintmax_t bytes = 0;
  std::int64_t time = 0;  ///< when it was written last, in nanoseconds
};

/// @throws FileError if the system does not tell of the file.
inline FileStamp file_stamp(const std::filesystem::path& file) {
  std::error_code no_size, no_time;
  const auto bytes = std::filesystem::file_size(file, no_size);
  const auto written = std::filesystem::last_write_time(file, no_time);
  require<FileError>(!no_size && !no_time, file.string(),
                     ": cannot be read: ", (no_size ? no_size : no_time).message());
  return {bytes, std::chrono::duration_cast<std::chrono::nanoseconds>(written.time_since_epoch()).count()};
}

/// Name, size and time of a file: a text that changes whenever it does. @throws FileError if it cannot be read.
inline std::string file_key(const std::filesystem::path& file) {
  const FileStamp stamp = file_stamp(file);
  return concat(absolute_path(file).string(), ' ', stamp.bytes, ' ', stamp.time);
}

}  // namespace amdefect
