#include "amdefect/image/find_images.hpp"

#include <doctest/doctest.h>

#include "amdefect/image/picture_names.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
using Paths = std::vector<std::filesystem::path>;

TEST_CASE("images are found in folders in order, and files are taken as they are") {
  const TemporaryFolder folder;
  for (const char* name : {"in/b.JPG", "in/a.png", "in/c.bmp", "in/notes.txt", "in/below/d.png"})
    folder.write(name, "");
  const auto other = folder.write("other.dat", "");
  CHECK(find_images(Paths{other, folder / "in"}) ==
        Paths{other, folder / "in/a.png", folder / "in/b.JPG", folder / "in/c.bmp"});
  CHECK(error_of([&] { find_images(Paths{folder / "none"}); }) ==
        "there is no file or folder " + (folder / "none").string());
  std::filesystem::create_directories(folder / "empty");
  CHECK(error_of([&] { find_images(Paths{folder / "empty"}); }).ends_with("holds no JPEG, PNG or BMP images"));
  folder.write("above/in/a.png", "");
  CHECK(error_of([&] {
          find_images(Paths{folder / "above"});
        }).ends_with("holds no JPEG, PNG or BMP images (folders inside of it are not looked into)"));
  CHECK_FALSE(is_image_file("a.jpg.txt"));
}

TEST_CASE("pictures get names that neither an earlier one nor anything in the folder has") {
  const TemporaryFolder folder;
  const auto image = folder.write("here/a.png", "");
  std::filesystem::create_symlink("nowhere", folder / "here/linked.png");
  PictureNames pictures(folder / "here");
  CHECK(pictures.next(image) == "a_2.png");
  CHECK(pictures.next("elsewhere/b.png") == "b.png");
  CHECK(pictures.next("there/b.jpg") == "b_2.png");
  CHECK(pictures.next("there/b_2.jpg") == "b_2_2.png");
  CHECK(pictures.next("there/linked.jpg") == "linked_2.png");
}

TEST_CASE("hidden files and those of the system are no images") {
  const TemporaryFolder folder;
  for (const char* name : {"._a.jpg", ".b.png", "Thumbs.db", "desktop.ini", "a.jpg", "c.JFIF", "__MACOSX/._a.jpg"})
    folder.write(name, "");
  CHECK(find_images(Paths{folder.path()}) == Paths{folder / "a.jpg", folder / "c.JFIF"});
  std::filesystem::remove(folder / "a.jpg");
  std::filesystem::remove(folder / "c.JFIF");
  CHECK(error_of([&] { find_images(Paths{folder.path()}); }).ends_with("holds no JPEG, PNG or BMP images"));
}
