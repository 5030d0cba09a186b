#include "amdefect/io/atomic_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

TEST_CASE("atomic file: the old content stays until the new one is complete") {
  const auto path = std::filesystem::temp_directory_path() / concat("amdefect_atomic_", ::getpid());
  const auto content = [&] {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  write_text_file(path, "old");
  {
    AtomicFile file(path);
    file.write(std::string_view("half of the new"));
    CHECK(content() == "old");
  }
  CHECK(content() == "old");
  write_text_file(path, "new");
  CHECK(content() == "new");
  std::filesystem::remove(path);
  CHECK_THROWS_AS(write_text_file("/nonexistent/folder/file", "x"), FileError);
}

TEST_CASE("atomic file: any name that the folder can hold") {
  const TemporaryFolder folder;
  const std::string longest(255, 'x');
  write_text_file(folder / longest, "content");
  CHECK(folder.read(longest) == "content");
  CHECK_THROWS_AS(write_text_file(folder / (longest + "x"), "content"), FileError);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);  // no temporary file is left
}

TEST_CASE("atomic file: a write that fails is said, and leaves the old file and nothing else") {
  const TemporaryFolder folder;
  write_text_file(folder / "file", "old");
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const rlimit small{1000, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = error_of([&] { write_text_file(folder / "file", std::string(2000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, before);
  CHECK(error == concat("cannot write ", (folder / "file").string(), ": File too large"));
  CHECK(folder.read("file") == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("atomic file: its descriptor is closed, also where standard input is and its number is used") {
  const TemporaryFolder folder;
  const int input = ::dup(STDIN_FILENO);
  ::close(STDIN_FILENO);
  { const AtomicFile file(folder / "file"); }
  const bool closed = ::fcntl(STDIN_FILENO, F_GETFD) < 0;
  ::dup2(input, STDIN_FILENO);
  ::close(input);
  CHECK(closed);
}
