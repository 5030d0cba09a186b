// Where the annotation files and images of a data set are found, whatever the tool that exported it calls them.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "amdefect/coco/coco_split.hpp"
#include "contains.hpp"
#include "data/data_set_files.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

std::string split_of(const std::string& name) { return std::string(detail::split_of_name(name).split); }

/// The annotation file of each split, relative to the data set, and whether it has its image there.
std::map<std::string, std::string> files_of(const TemporaryFolder& folder, const SplitOptions& options = {}) {
  std::map<std::string, std::string> files;
  const CocoSplits splits = read_coco_splits(folder.path(), options);
  for (const auto* split : {&splits.train, &splits.valid, &splits.test})
    if (*split)
      files[(*split)->name] =
          fs::relative((*split)->annotation_file, folder.path()).string() + " " +
          ((*split)->image_files.empty() ? "-" : fs::relative((*split)->image_files[0], folder.path()).string());
  return files;
}
using Files = std::map<std::string, std::string>;

std::vector<std::string> left_aside(const TemporaryFolder& folder, const SplitOptions& options = {}) {
  std::vector<std::string> names;
  for (const fs::path& file : read_coco_splits(folder.path(), options).left_aside)
    names.push_back(fs::relative(file, folder.path()).string());
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the split that a name means, in any case, with other words around") {
  for (const char* name :
       {"train", "Train", "TRAIN", "training", "train2017", "instances_Train", "instances_train2017", "train_coco",
        "coco-train", "trainCoco", "my.train.set", "trainset", "Training_Set", "train_annotations"})
    CHECK_MESSAGE(split_of(name) == "train", name);
  for (const char* name : {"val", "Val", "valid", "Valid", "validation", "instances_Validation", "val2017",
                           "person_keypoints_val2017", "val_coco", "VALSET", "validData"})
    CHECK_MESSAGE(split_of(name) == "valid", name);
  for (const char* name : {"test", "Test", "testing", "image_info_test-dev2017", "instances_test", "test-set"})
    CHECK_MESSAGE(split_of(name) == "test", name);
  for (const char* name : {"latest", "contest", "trained_models", "strain", "values", "interval", "attestation",
                           "train_val", "train_test_split", "instances_default", "labels", "", "2017"})
    CHECK_MESSAGE(split_of(name) == "", name);
}

TEST_CASE("CVAT: instances_Train.json and instances_Validation.json, images in Train/ and Validation/") {
  const TemporaryFolder folder;
  folder.write("annotations/instances_Train.json", coco_text({"a.png"}));
  folder.write("annotations/instances_Validation.json", coco_text({"a.png"}));
  SUBCASE("in images/") {
    save(folder / "images/Train/a.png");
    save(folder / "images/Validation/a.png");
    CHECK(files_of(folder) == Files{{"train", "annotations/instances_Train.json images/Train/a.png"},
                                    {"valid", "annotations/instances_Validation.json images/Validation/a.png"}});
  }
  SUBCASE("in folders of another spelling") {
    save(folder / "train/a.png");
    save(folder / "val/a.png");
    CHECK(files_of(folder) == Files{{"train", "annotations/instances_Train.json train/a.png"},
                                    {"valid", "annotations/instances_Validation.json val/a.png"}});
  }
  CHECK(left_aside(folder).empty());
  // Named as the one file for everything: the other one is not forgotten without a word.
  CHECK(left_aside(folder, {.annotation_file = "annotations/instances_Train.json", .allow_missing_images = true}) ==
        Names{"annotations/instances_Validation.json"});
  const CocoSplits by_path =
      read_coco_splits(folder / "annotations/instances_Train.json", {.allow_missing_images = true});
  CHECK(contains(left_aside_warning(by_path), "warning: JSON files that are not used: "));
  CHECK(contains(left_aside_warning(by_path), "instances_Validation.json\n"));
}

TEST_CASE("folders and files of splits in any case and spelling") {
  const TemporaryFolder folder;
  const std::string text = coco_text({"a.png"});
  save(folder / "images/a.png");
  SUBCASE("Train/ and Valid/") {
    for (const char* split : {"Train", "Valid"}) {
      folder.write(fs::path(split) / "_annotations.coco.json", text);
      save(folder / split / "a.png");
    }
    CHECK(files_of(folder) == Files{{"train", "Train/_annotations.coco.json Train/a.png"},
                                    {"valid", "Valid/_annotations.coco.json Valid/a.png"}});
    const CocoSplits by_path = read_coco_splits(folder / "Train/_annotations.coco.json");
    CHECK(by_path.left_aside == std::vector<fs::path>{folder / "Valid/_annotations.coco.json"});
    CHECK(read_coco_splits("", {.annotation_file = folder / "Train/_annotations.coco.json"}).left_aside ==
          by_path.left_aside);
  }
  SUBCASE("train_coco.json and val_coco.json") {
    folder.write("train_coco.json", text);
    folder.write("val_coco.json", text);
    CHECK(files_of(folder) ==
          Files{{"train", "train_coco.json images/a.png"}, {"valid", "val_coco.json images/a.png"}});
  }
  SUBCASE("TRAINING.JSON, Validation.json and testing.json") {
    for (const char* name : {"TRAINING.JSON", "Validation.json", "testing.json"}) folder.write(name, text);
    CHECK(files_of(folder) == Files{{"train", "TRAINING.JSON images/a.png"},
                                    {"valid", "Validation.json images/a.png"},
                                    {"test", "testing.json images/a.png"}});
  }
  SUBCASE("Annotations/ and Images/") {
    folder.write("Annotations/Train.json", text);
    fs::rename(folder / "images", folder / "Images");
    CHECK(files_of(folder) == Files{{"train", "Annotations/Train.json Images/a.png"}});
  }
  SUBCASE("a name for the file of each split, in folders of any case") {
    for (const char* name : {"Train/boxes.json", "VAL/boxes.json", "VAL/notes.json", "Test/other.json"})
      folder.write(name, text);
    save(folder / "Train/a.png");
    save(folder / "VAL/a.png");
    const SplitOptions options{.annotation_file = "boxes.json"};
    CHECK(files_of(folder, options) ==
          Files{{"train", "Train/boxes.json Train/a.png"}, {"valid", "VAL/boxes.json VAL/a.png"}});
    CHECK(left_aside(folder, options) == Names{"Test/other.json"});
  }
}

TEST_CASE("COCO's own layout: instances are taken, captions and key points are named as left aside") {
  const TemporaryFolder folder;
  for (const char* name :
       {"instances_train2017", "captions_train2017", "person_keypoints_val2017", "instances_val2017"})
    folder.write(fs::path("annotations") / (std::string(name) + ".json"), coco_text({"a.png"}));
  std::string images = "";
  SUBCASE("train2017/") {}
  SUBCASE("images/train2017/") { images = "images/"; }
  save(folder / (images + "train2017/a.png"));
  save(folder / (images + "val2017/a.png"));
  CHECK(files_of(folder) == Files{{"train", "annotations/instances_train2017.json " + images + "train2017/a.png"},
                                  {"valid", "annotations/instances_val2017.json " + images + "val2017/a.png"}});
  CHECK(left_aside(folder) ==
        Names{"annotations/captions_train2017.json", "annotations/person_keypoints_val2017.json"});
}

TEST_CASE("FiftyOne: labels.json and data/, in the root or for each split") {
  const TemporaryFolder folder;
  std::string root;
  SUBCASE("in the root") {}
  SUBCASE("for each split") { root = "train/"; }
  folder.write(root + "labels.json", coco_text({"a.png"}));
  save(folder / (root + "data/a.png"));
  CHECK(files_of(folder).at("train") == root + "labels.json " + root + "data/a.png");
}

TEST_CASE("one file with the name of a split among other words holds everything") {
  const TemporaryFolder folder;
  const auto file = folder.write("my_test_project.json", coco_text({"a.png", "b.png", "c.png"}));
  const CocoSplits splits = read_coco_splits(folder.path(), {.allow_missing_images = true});
  CHECK(splits.at("train").size() == 1);
  CHECK(splits.at("train").annotation_file == file);
}

TEST_CASE("several candidates are named, and so is what is left aside") {
  const TemporaryFolder folder;
  const std::string text = coco_text({"a.png"});
  const auto message = [&] {
    return error_of([&] { read_coco_splits(folder.path(), {.allow_missing_images = true}); });
  };
  SUBCASE("for everything") {
    folder.write("boxes.json", text);
    folder.write("more.json", text);
    CHECK(
        contains(message(), ": has 2 JSON files; name the annotation file (annotation_file), or each after its split"));
    CHECK(contains(message(), "(train.json, valid.json, test.json): boxes.json, more.json"));
  }
  SUBCASE("for a split") {
    folder.write("annotations/instances_train2014.json", text);
    folder.write("annotations/instances_train2017.json", text);
    CHECK(contains(message(),
                   "annotations: has 2 JSON files for the split train; name the annotation file "
                   "(annotation_file): instances_train2014.json, instances_train2017.json"));
  }
  SUBCASE("where a split is missed") {
    folder.write("test.json", text);
    folder.write("learn.json", text);
    const CocoSplits splits = read_coco_splits(folder.path(), {.allow_missing_images = true});
    CHECK(contains(error_of([&] { splits.at("train"); }), "has no train split; JSON files that are not used: "));
    CHECK(contains(error_of([&] { splits.at("train"); }), "learn.json"));
  }
  SUBCASE("the better name wins") {
    for (const char* name : {"train.json", "train_old.json", "val.json", "notes.json"}) folder.write(name, text);
    CHECK(left_aside(folder, {.allow_missing_images = true}) == Names{"notes.json", "train_old.json"});
  }
}

TEST_CASE("files that systems leave behind are never data") {
  const TemporaryFolder folder;
  const std::string text = coco_text({"a.png"});
  for (const char* name :
       {"train/._labels.json", "train/.labels.json", "__MACOSX/train/labels.json", "__MACOSX/labels.json",
        ".train/labels.json", "._train.json", "annotations/._instances_val.json", ".annotations/instances_val.json"})
    folder.write(name, "\x00\x05\x16\x07 no JSON");
  folder.write("train/labels.json", text);
  save(folder / "train/a.png");
  CHECK(files_of(folder) == Files{{"train", "train/labels.json train/a.png"}});
  CHECK(left_aside(folder).empty());
  for (const char* name : {"Thumbs.db", "desktop.ini", "Desktop.ini", ".DS_Store", "._a.jpg", "__MACOSX", "@eaDir"})
    CHECK(is_system_name(fs::path("x") / name));
  CHECK_FALSE(is_system_name("a.jpg"));
  CHECK_FALSE(is_system_name(".hidden/_a.jpg"));
}

TEST_CASE("one split can be read without the files of the others") {
  const TemporaryFolder folder;
  SUBCASE("a file for each") {
    folder.write("train/_annotations.coco.json", "no JSON");
    folder.write("valid/_annotations.coco.json", coco_text({"gone.png"}));
    folder.write("test/_annotations.coco.json", coco_text({"a.png"}));
    save(folder / "test/a.png");
    CHECK(files_of(folder, {.first_of = {"test"}}) == Files{{"test", "test/_annotations.coco.json test/a.png"}});
    CHECK(files_of(folder, {.first_of = {"test", "valid"}}).size() == 1);
    CHECK(contains(error_of([&] { files_of(folder, {.first_of = {"valid"}}); }), "there is no file \"gone.png\""));
    fs::remove_all(folder / "test");
    CHECK(contains(error_of([&] {
                     files_of(folder, {.first_of = {"test", "valid"}});
                   }),
                   "there is no file \"gone.png\""));
    CHECK(contains(error_of([&] { read_coco_splits(folder.path(), {.first_of = {"test"}}).at("test"); }),
                   "has no test split"));
  }
  SUBCASE("one file for everything") {
    folder.write("labels.json", coco_text({"a.png", "b.png", "c.png", "d.png"}));
    const CocoSplits all = read_coco_splits(folder.path(), {.allow_missing_images = true});
    const CocoSplit& test = all.at("test");
    REQUIRE(test.size() == 1);
    save(folder / "data" / test.coco.images[0].file_name);
    const CocoSplits splits = read_coco_splits(folder.path(), {.first_of = {"test", "valid"}});
    CHECK(splits.evaluation_split().coco.images[0].id == test.coco.images[0].id);
    CHECK(splits.at("train").size() + splits.at("valid").size() == 3);  // known, although their images are not there
    CHECK(contains(error_of([&] { read_coco_splits(folder.path()); }), "there is no file"));
  }
}
