#include "amdefect/io/list_folder.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "amdefect/io/run_folder.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

// A disk that fails in the middle of a folder is played by the C library's function, which fails at a given call.
namespace {

int calls_to_failure = -1;  // negative: never

}  // namespace

extern "C" dirent* readdir(DIR* folder) {
  using ReadDir = dirent* (*)(DIR*);
  static const auto real = reinterpret_cast<ReadDir>(dlsym(RTLD_NEXT, "readdir"));
  if (calls_to_failure < 0 || calls_to_failure-- > 0) return real(folder);
  errno = EIO;
  return nullptr;
}

TEST_CASE("a folder is listed in order, without what systems leave behind") {
  const TemporaryFolder folder;
  for (const char* name : {"b.txt", "a.txt", "below/c.txt", ".hidden", "Thumbs.db"}) folder.write(name, "");
  CHECK(list_folder(folder.path(), EntryKind::file) ==
        std::vector<std::filesystem::path>{folder / "a.txt", folder / "b.txt"});
  CHECK(list_folder(folder.path(), EntryKind::folder) == std::vector<std::filesystem::path>{folder / "below"});
  CHECK(list_folder(folder / "none", EntryKind::file).empty());
}

TEST_CASE("a folder that fails while it is listed is an error of one sentence, and no half of a list") {
  const TemporaryFolder folder;
  for (const char* name : {"a.txt", "b.txt", "c.txt"}) folder.write(name, "");
  for (const int calls : {0, 2, 3}) {
    CAPTURE(calls);
    calls_to_failure = calls;
    const std::string message = error_of([&] { list_folder(folder.path(), EntryKind::file); });
    calls_to_failure = -1;
    CHECK(message == folder.path().string() + ": cannot be read: Input/output error");
  }
  calls_to_failure = 2;
  CHECK(error_of([&] { RunFolder(folder.path(), training_run, EarlierRun::refuse); }) == "no error");
  calls_to_failure = -1;
}
