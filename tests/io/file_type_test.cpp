#include "amdefect/io/file_type.hpp"

#include <doctest/doctest.h>

#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

TEST_CASE("what stands at a path: a file, a folder, a link to either, or nothing") {
  const TemporaryFolder folder;
  const auto file = folder.write("here/a.txt", "");
  std::filesystem::create_symlink(file, folder / "to_file");
  std::filesystem::create_symlink(folder / "here", folder / "to_folder");
  std::filesystem::create_symlink("nowhere", folder / "to_nothing");
  for (const auto& path : {file, folder / "to_file"}) CHECK((is_there(path) && is_file(path) && !is_folder(path)));
  for (const auto& path : {folder / "here", folder / "to_folder"})
    CHECK((is_there(path) && is_folder(path) && !is_file(path)));
  for (const auto& path : {folder / "none", folder / "to_nothing"})
    CHECK_FALSE((is_there(path) || is_file(path) || is_folder(path)));
}

TEST_CASE("a path that the system cannot look at is an error of one sentence") {
  const std::string name(5000, 'n');
  CHECK(error_of([&] { is_there(name); }) == "cannot look at '" + name + "': File name too long");
}

TEST_CASE("where the folder one works in is gone, a path from there is an error of one sentence") {
  const TemporaryFolder folder;
  const std::filesystem::path here = std::filesystem::current_path();
  CHECK(absolute_path("a.txt") == here / "a.txt");
  std::filesystem::create_directory(folder / "gone");
  std::filesystem::current_path(folder / "gone");
  std::filesystem::remove(folder / "gone");
  const std::string message = error_of([] { absolute_path("a.txt"); });
  std::filesystem::current_path(here);
  CHECK(message == "cannot find 'a.txt' from the folder one works in: No such file or directory");
  CHECK(absolute_path("/a.txt") == "/a.txt");
}
