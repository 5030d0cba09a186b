#pragma once

#include <fcntl.h>
#include <signal.h>  // kill(), which <csignal> does not promise. NOLINT(modernize-deprecated-headers)
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/list_folder.hpp"

namespace amdefect {

/// A kind of run, and the files that it leaves in its folder.
struct RunKind {
  std::string_view name;
  std::vector<std::string> results;  ///< each of them shows that there was such a run
  std::vector<std::string> others;   ///< what belongs to them; of some other program, if alone
};

inline const RunKind training_run{"train",
                                  {"best.safetensors", "last.safetensors"},
                                  {"config.json", "history.json", "training_log.csv", "report.html"}};
inline const RunKind evaluation_run{"eval", {"metrics.json"}, {"detections.json", "report.html"}};
inline const RunKind prediction_run{
    "predict", {"images.json", "detections.csv"}, {"detections.json", "predictions.html"}};

inline const RunKind review_run{"review", {"suggestions.json"}, {"detections.json", "review.html"}};

/// What a run does with the results of an earlier one of its kind in the same folder.
enum class EarlierRun {
  refuse,
  replace,      ///< removes its files, all of them, in `begin`
  continue_it,  ///< its files stay
};

/// What a run in `folder` does that continues from a checkpoint, the empty path if it begins: one of the folder's own
/// goes on with the files that are there.
inline EarlierRun earlier_run(const std::filesystem::path& folder, const std::filesystem::path& checkpoint,
                              bool overwrite) {
  std::error_code none;
  if (!checkpoint.empty() && std::filesystem::equivalent(checkpoint.parent_path() / ".", folder, none))
    return EarlierRun::continue_it;
  return overwrite ? EarlierRun::replace : EarlierRun::refuse;
}

/// The folder of one run: no other process, nor another run of this one, can have it at the same time, and its files
/// are those of one run alone.
///
/// The lock goes with the process, however it ends. It is that of the hidden file `.amdefect-run`, which also holds the
/// kind of the run, the process, and the names of the files that `add_file` was told of. File systems without locks are
/// used without.
class RunFolder {
 public:
  /// Makes the folder where it is missing. @throws FileError if it cannot be made or written to, is in use, holds the
  /// results of another kind of run, or those of an earlier one that is to be refused.
  RunFolder(std::filesystem::path folder, const RunKind& kind, EarlierRun earlier)
      : folder_(std::move(folder)), kind_(kind), earlier_(earlier) {
    make_folder(folder_);
    const std::filesystem::path file = folder_ / lock_name;
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    require<FileError>(descriptor_ >= 0 || errno != ELOOP, file.string(), ": expected a plain file, found a link");
    require<FileError>(descriptor_ >= 0, "cannot create ", file.string(), ": ", std::strerror(errno));
    try {
      require_plain(file);
      lock();
      require_free();
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
    remove_leftovers();
    write_lock_file();
  }
  ~RunFolder() { ::close(descriptor_); }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }

  /// Call before the first result is written: removes what is left of an earlier run, unless that is continued.
  /// @throws FileError for a file that cannot be removed.
  void begin() {
    if (earlier_ == EarlierRun::continue_it) return;
    for (const auto* names : {&kind_.results, &kind_.others, static_cast<const std::vector<std::string>*>(&files_)})
      for (const std::string& name : *names) {
        std::error_code failure;
        std::filesystem::remove(folder_ / name, failure);
        require<FileError>(!failure, "cannot remove ", (folder_ / name).string(),
                           " of the earlier run: ", failure.message());
      }
    files_.clear();
    write_lock_file();
  }

  /// Tells of a file, by its name in the folder, that is not among those of the kind. Call before it is written.
  void add_file(const std::string& name) {
    files_.push_back(name);
    append(name);
  }

 private:
  static constexpr const char* lock_name = ".amdefect-run";

  /// A folder may come from a stranger: a pipe would block, and a second name of a file elsewhere overwrite that.
  void require_plain(const std::filesystem::path& file) const {
    struct stat facts {};
    require<FileError>(::fstat(descriptor_, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 1,
                       file.string(), ": expected a plain file with one name, found something else");
  }

  /// Reads who has, or had, the folder.
  void lock() {
    const bool taken = ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    std::string text;
    for (std::array<char, 4096> part{};;) {
      const ssize_t got = ::read(descriptor_, part.data(), part.size());
      if (got <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(got));
    }
    const std::size_t end = std::min(text.find('\0'), text.size());
    require<FileError>(!taken, "the folder '", folder_.string(), "' is in use by a run (",
                       text.substr(0, std::min<std::size_t>(end, 40)), "): wait for its end, or give another folder");
    for (std::size_t begin = end + 1, next = 0; begin < text.size(); begin = next + 1) {
      next = std::min(text.find('\0', begin), text.size());
      std::string name = text.substr(begin, next - begin);
      if (std::filesystem::path(name).filename() == name && name != "." && name != "..")
        files_.push_back(std::move(name));
    }
  }

  void require_free() const {
    for (const RunKind* other : {&training_run, &evaluation_run, &prediction_run})
      for (const std::string& name : other->results) {
        if (!is_there(folder_ / name)) continue;
        require<FileError>(other->name == kind_.name, "the folder '", folder_.string(), "' holds ", name,
                           ", a result of '", other->name, "': give another folder for those of '", kind_.name, "'");
        require<FileError>(earlier_ != EarlierRun::refuse, "the folder '", folder_.string(), "' holds ", name,
                           " of an earlier run: give another folder",
                           kind_.name == training_run.name ? ", continue that run (resume)," : "",
                           " or replace its results (overwrite)");
      }
  }

  /// Removes temporary files of processes that died here.
  void remove_leftovers() const {
    detail::for_each_entry(folder_, [](const std::filesystem::directory_entry& entry) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(temporary_file_start)) return;
      const std::string_view process = std::string_view(name).substr(temporary_file_start.size());
      const auto id = parse_number<pid_t>(process.substr(0, process.find('_')));
      std::error_code none;
      if (id && ::kill(*id, 0) != 0 && errno == ESRCH) std::filesystem::remove(entry.path(), none);
    });
  }

  void write_lock_file() const {
    const bool empty = ::ftruncate(descriptor_, 0) == 0 && ::lseek(descriptor_, 0, SEEK_SET) == 0;
    require<FileError>(empty, "cannot write ", (folder_ / lock_name).string(), ": ", std::strerror(errno));
    append(concat(kind_.name, ", process ", ::getpid()));
    for (const std::string& name : files_) append(name);
  }
  void append(const std::string& text) const {
    const std::size_t size = text.size() + 1;  // with the zero behind it, which no name has
    require<FileError>(::write(descriptor_, text.c_str(), size) == static_cast<ssize_t>(size), "cannot write ",
                       (folder_ / lock_name).string(), ": ", std::strerror(errno));
  }

  std::filesystem::path folder_;
  const RunKind& kind_;
  EarlierRun earlier_;
  int descriptor_ = -1;
  std::vector<std::string> files_;
};

}  // namespace amdefect
