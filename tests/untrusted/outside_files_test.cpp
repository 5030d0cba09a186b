// File names in annotations, and links, that lead out of the folder of the data set.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "amdefect/data/coco_source.hpp"
#include "amdefect/inspect/inspection.hpp"
#include "contains.hpp"
#include "data/data_set_files.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

constexpr const char* refusal = "lies outside of the data set's folder";

/// A data set `set` of one split with that image, beside which lies `secret.png`.
struct World {
  explicit World(const std::string& file_name) {
    save(folder / "secret.png");
    folder.write("set/train/_annotations.coco.json", coco_text({file_name}));
  }
  std::string error(const SplitOptions& options = {}) const {
    return error_of([&] { read_coco_splits(folder / "set", options); });
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("a name in annotations does not lead out of the data set, unless it is asked for") {
  const World world("../../secret.png");
  CHECK(contains(world.error(), "train/_annotations.coco.json: images[0] (id 1): the file \"../../secret.png\" "));
  CHECK(contains(world.error(), refusal));
  CHECK(contains(world.error(), "allow_outside_files"));
  const SplitOptions allowed{.allow_outside_files = true};
  CHECK(world.error(allowed) == "no error");
  CHECK(fs::equivalent(read_coco_splits(world.folder / "set", allowed).train->image_files[0],
                       world.folder / "secret.png"));
  // Windows' slashes, and a path from the root.
  CHECK(contains(World(R"(..\\..\\secret.png)").error(), refusal));
  const TemporaryFolder elsewhere;
  save(elsewhere / "secret.png");
  CHECK(contains(World((elsewhere / "secret.png").string()).error(), refusal));
}

TEST_CASE("what lies elsewhere in the data set is read") {
  for (const char* name : {"../images/a.png", "a.png", "../train/../images/./a.png"}) {
    const World world(name);
    save(world.folder / "set/images/a.png");
    save(world.folder / "set/train/a.png");
    CHECK(world.error() == "no error");
  }
  // Of an annotation file that is given alone, the data set is what lies around it.
  const World world("../images/a.png");
  save(world.folder / "set/images/a.png");
  CHECK(error_of([&] { read_coco_splits(world.folder / "set/train/_annotations.coco.json"); }) == "no error");
  const TemporaryFolder folder;
  save(folder / "images/a.png");
  folder.write("annotations/all.json", coco_text({"a.png", "../images/a.png"}));
  for (const char* path : {"annotations/all.json", "annotations/./all.json", "annotations", "annotations/", "."})
    CHECK(error_of([&] { read_coco_splits(folder / path); }) == "no error");
}

TEST_CASE("links are followed within the data set only") {
  const World world("a.png");
  fs::create_symlink("../../secret.png", world.folder / "set/train/a.png");
  CHECK(contains(world.error(), refusal));
  CHECK(world.error({.allow_outside_files = true}) == "no error");
  fs::remove(world.folder / "set/train/a.png");
  save(world.folder / "set/pool/1.png");
  fs::create_symlink("../pool/1.png", world.folder / "set/train/a.png");
  CHECK(world.error() == "no error");
  // The data set itself may be reached by a link.
  fs::create_directory_symlink("set", world.folder / "linked");
  CHECK(error_of([&] { read_coco_splits(world.folder / "linked"); }) == "no error");
  // A folder that leads outside.
  const World other("a.png");
  save(other.folder / "store/a.png");
  fs::create_directory_symlink("../../store", other.folder / "set/train/images");
  CHECK(contains(other.error(), refusal));
}

TEST_CASE("pictures of further channels lie in the data set, too") {
  const World world("a.png");
  save(world.folder / "set/train/a.png");
  fs::create_directories(world.folder / "set/train/thermal");
  fs::create_symlink("../../../secret.png", world.folder / "set/train/thermal/a.png");
  const auto error = [&](const SplitOptions& options) {
    const CocoSplits splits = read_coco_splits(world.folder / "set", options);
    return error_of([&] { CocoSource(*splits.train, {.extra_image_folders = {"thermal"}}); });
  };
  CHECK(
      contains(error({}), "the picture \"thermal/a.png\" for the extra channel lies outside of the data set's folder"));
  CHECK(error({.allow_outside_files = true}) == "no error");
}

TEST_CASE("an inspection names the images that lie outside") {
  const World world("../../secret.png");
  const Inspection inspection = inspect_data(read_coco_splits(world.folder / "set", {.allow_missing_images = true}));
  CHECK(contains(to_text(inspection), refusal));
}
