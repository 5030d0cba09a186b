#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "amdefect/io/atomic_file.hpp"
#include "temporary_folder.hpp"

// A power cut cannot be tried here, so the test watches the calls that protect from one: those of the C library are
// replaced by ones that take notes.
namespace {

std::string calls;

}  // namespace

extern "C" int fsync(int descriptor) {
  struct stat about {};
  calls += fstat(descriptor, &about) == 0 && S_ISDIR(about.st_mode) ? "fsync folder, " : "fsync file, ";
  return fdatasync(descriptor);
}
extern "C" int rename(const char* from, const char* to) noexcept {
  calls += "rename, ";
  using Rename = int (*)(const char*, const char*);
  return reinterpret_cast<Rename>(dlsym(RTLD_NEXT, "rename"))(from, to);
}

TEST_CASE("a file is on the disk before it gets its name, and the name is on the disk before the work goes on") {
  const TemporaryFolder folder;
  calls.clear();
  amdefect::write_text_file(folder / "a.txt", "new");
  CHECK(calls == "fsync file, rename, fsync folder, ");
  CHECK(folder.read("a.txt") == "new");
}
