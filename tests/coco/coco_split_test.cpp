#include "amdefect/coco/coco_split.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "contains.hpp"
#include "data/data_set_files.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

TEST_CASE("every exporter's layout is found") {
  const TemporaryFolder folder;
  SplitOptions options;
  SUBCASE("Roboflow: images beside the annotations") {
    for (const std::string split : {"train", "valid", "test"}) {
      folder.write(split + "/_annotations.coco.json", coco_text({"a.png"}));
      save(folder / split / "a.png");
    }
  }
  SUBCASE("images/ below each split, val instead of valid, any name of the file") {
    for (const std::string split : {"train", "val", "test"}) {
      folder.write(split + "/labels.json", coco_text({"a.png"}));
      save(folder / split / "images/a.png");
    }
  }
  SUBCASE("a name for the file in each split, as in the paper's configuration") {
    for (const std::string split : {"train", "val", "test"}) {
      folder.write(split + "/boxes.json", coco_text({"a.png"}));
      folder.write(split + "/other.json", "[]");
      save(folder / split / "a.png");
    }
    options.annotation_file = "boxes.json";
  }
  SUBCASE("CVAT and COCO: annotations/instances_NAME.json, images in images/NAME or NAME") {
    folder.write("annotations/instances_train2017.json", coco_text({"a.png"}));
    folder.write("annotations/instances_val.json", coco_text({"a.png"}));
    folder.write("annotations/instances_test.json", coco_text({"a.png"}));
    save(folder / "train2017/a.png");
    save(folder / "images/val/a.png");
    save(folder / "images/test/a.png");
  }
  SUBCASE("CVAT, one task for each split") {
    for (const std::string split : {"train", "valid", "test"}) {
      folder.write(split + "/annotations/instances_default.json", coco_text({"a.png"}));
      save(folder / split / "images/default/a.png");
    }
  }
  SUBCASE("NAME.json beside images/") {
    for (const std::string split : {"train", "validation", "test"}) folder.write(split + ".json", coco_text({"a.png"}));
    save(folder / "images/a.png");
  }
  const CocoSplits splits = read_coco_splits(folder.path(), options);
  for (const std::string name : {"train", "valid", "test"}) {
    const CocoSplit& split = splits.at(name);
    CHECK(split.name == name);
    CHECK(split.size() == 1);
    CHECK(fs::is_regular_file(split.image_files.at(0)));
    CHECK(split.coco.categories[0].id == 0);
    CHECK(split.coco.categories[2].id == 7);
  }
}

TEST_CASE("one file for everything is split by its seed") {
  const TemporaryFolder folder;
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back(concat("i", i, ".png"));
  fs::path file;
  SUBCASE("CVAT: annotations/instances_default.json and images/default/") {
    file = folder.write("annotations/instances_default.json", coco_text(names));
    for (const std::string& name : names) save(folder / "images/default" / name);
  }
  SUBCASE("Label Studio: result.json, names with images/ or with backslashes") {
    for (std::size_t i = 0; i < names.size(); ++i) {
      save(folder / "images" / names[i]);
      names[i] = (i % 2 ? "images/" : "..\\\\..\\\\media\\\\") + names[i];
    }
    file = folder.write("result.json", coco_text(names));
  }
  SUBCASE("Roboflow without splits") {
    file = folder.write("_annotations.coco.json", coco_text(names));
    for (const std::string& name : names) save(folder / name);
  }
  const CocoSplits splits = read_coco_splits(folder.path());
  CHECK(splits.at("train").size() == 24);
  CHECK(splits.at("valid").size() == 3);
  CHECK(splits.at("test").size() == 3);
  std::set<std::int64_t> seen;
  for (const std::string name : {"train", "valid", "test"}) {
    const CocoSplit& split = splits.at(name);
    CHECK(split.coco.annotations.size() == split.coco.images.size());
    for (std::size_t i = 0; i < split.coco.images.size(); ++i) {
      CHECK(split.coco.annotations[i].image_id == split.coco.images[i].id);
      CHECK(contains(split.coco.images[i].file_name, split.image_files[i].filename().string()));
      seen.insert(split.coco.images[i].id);
    }
  }
  CHECK(seen.size() == 30);
  const auto ids = [](const CocoSplit& split) {
    std::vector<std::int64_t> result;
    for (const CocoImage& image : split.coco.images) result.push_back(image.id);
    return result;
  };
  CHECK(ids(read_coco_splits(folder.path()).at("valid")) == ids(splits.at("valid")));
  CHECK(ids(read_coco_splits(folder.path(), {.seed = 1}).at("valid")) != ids(splits.at("valid")));
  CHECK(read_coco_splits(file).at("train").size() == 24);
  const CocoSplits halves = read_coco_splits(
      folder.path(), {.annotation_file = fs::relative(file, folder.path()), .valid_fraction = 0.5, .test_fraction = 0});
  CHECK(halves.at("valid").size() == 15);
  CHECK(halves.at("test").size() == 0);
  CHECK_THROWS_AS(read_coco_splits(folder.path(), {.valid_fraction = 0.7, .test_fraction = 0.3}), Error);
}

TEST_CASE("faults of a data set give one line that names the entry") {
  const TemporaryFolder folder;
  const auto message = [&] { return error_of([&] { read_coco_splits(folder.path()); }); };
  CHECK(contains(error_of([&] { read_coco_splits(folder / "none"); }), "none: there is no such folder"));
  CHECK(contains(message(), "has no COCO annotations: expected train/, valid/ and test/"));
  folder.write("train/_annotations.coco.json", coco_text({"a.png", "b.png"}));
  save(folder / "train/a.png");
  CHECK(contains(message(), "train/_annotations.coco.json: images[1] (id 2): there is no file \"b.png\""));
  const CocoSplits lenient = read_coco_splits(folder.path(), {.allow_missing_images = true});
  CHECK(lenient.at("train").image_files == std::vector<fs::path>{folder / "train/a.png", ""});
  save(folder / "train/b.png");
  CHECK(message() == "no error");
  CHECK(contains(error_of([&] { read_coco_splits(folder.path()).at("valid"); }), "has no valid split"));

  SUBCASE("annotation of an unknown image") {
    folder.write("train/_annotations.coco.json",
                 coco_text({"a.png"}, R"(,{"id":9,"image_id":77,"category_id":7,"bbox":[0,0,1,1]})"));
    CHECK(contains(message(), "annotations[1] (id 9): there is no image with id 77"));
  }
  SUBCASE("box that is not a number") {
    folder.write("train/_annotations.coco.json",
                 coco_text({"a.png"}, R"(,{"id":9,"image_id":1,"category_id":7,"bbox":[0,NaN,1,1]})"));
    CHECK(contains(message(), "annotations[1] (id 9): not valid JSON"));
  }
  SUBCASE("negative width") {
    folder.write("train/_annotations.coco.json",
                 coco_text({"a.png"}, R"(,{"id":9,"image_id":1,"category_id":7,"bbox":[0,0,-1,1]})"));
    CHECK(contains(message(), "annotations[1] (id 9): \"bbox\" [0, 0, -1, 1] has a negative width or height"));
  }
  SUBCASE("other categories in the splits") {
    std::string text = coco_text({"a.png"});
    text.replace(text.find("three"), 5, "tree");
    folder.write("valid/_annotations.coco.json", text);
    save(folder / "valid/a.png");
    CHECK(contains(message(), "valid/_annotations.coco.json: its categories differ from those of "));
    CHECK(contains(message(), "'tree', expected "));
  }
  SUBCASE("several annotation files") {
    fs::remove(folder / "train/_annotations.coco.json");
    folder.write("train/one.json", coco_text({"a.png"}));
    folder.write("train/two.json", coco_text({"a.png"}));
    CHECK(contains(message(),
                   "train: has 2 JSON files for the split train; name the annotation file (annotation_file): "
                   "one.json, two.json"));
  }
}
