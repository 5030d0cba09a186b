#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// Makes a folder and those above it, where they are missing. @throws FileError that says why it cannot be made.
inline void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  require<FileError>(!failure && std::filesystem::is_directory(folder, failure), "cannot make the folder '",
                     folder.string(), "': ", failure ? failure.message() : "a file of that name is in the way");
}

/// How the names of files begin that are being written, or were when their process died.
inline constexpr std::string_view temporary_file_start = ".amdefect-tmp-";

/// A file that appears under its name only when it is complete: written beside it under a short hidden name, synced to
/// the disk, then renamed. Without `commit` (an exception, a crash) the old file of that name stays as it was.
class AtomicFile {
 public:
  /// @throws FileError if a file cannot be created in that folder.
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
    static std::atomic<unsigned> counter{0};
    do {  // a name that is there is left over from a process of the same number
      temporary_ = path_.parent_path() / concat(temporary_file_start, ::getpid(), '_', counter++);
      descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) fail("create");
  }
  ~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_) ::unlink(temporary_.c_str());
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Makes the file visible under its name; `durable`: also after a power cut, at the cost of a wait for the disk.
  /// @throws FileError, and then leaves the old file as it was.
  void commit(bool durable = true) {
    if (durable && ::fsync(descriptor_) != 0) fail("sync");
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) fail("write");
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("rename the finished temporary file to");
    committed_ = true;
    if (durable) sync_folder();
  }

 private:
  [[noreturn]] void fail(const char* action) const {
    throw FileError(concat("cannot ", action, ' ', path_.string(), ": ", std::strerror(errno)));
  }
  /// So that the new name survives a power cut as well; some file systems refuse, which harms nothing.
  void sync_folder() const {
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
  }

  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

/// Writes a whole text file, or leaves the old one as it was. @throws FileError
inline void write_text_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace amdefect
