#include "amdefect/io/atomic_file.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

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
