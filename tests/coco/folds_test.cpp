#include "amdefect/coco/folds.hpp"

#include <doctest/doctest.h>

#include <set>

#include "contains.hpp"
#include "data/data_set_files.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

std::set<std::string> names(const CocoSplit& split) {
  std::set<std::string> result;
  for (const CocoImage& image : split.coco.images) result.insert(image.file_name);
  return result;
}

}  // namespace

TEST_CASE("folds are read strictly") {
  CHECK(read_fold("2/3").number == 2);
  CHECK(read_fold("2/3").count == 3);
  for (const char* wrong : {"", "2", "0/3", "4/3", "1/1", "1/101", "a/3", "1/3/4", "-1/3"})
    CHECK_MESSAGE(error_of([&] { read_fold(wrong); }) != "no error", wrong);
}

TEST_CASE("each image is left out by one fold and learned by the others, whatever the seed of the splits") {
  const TemporaryFolder folder;
  std::vector<std::string> files;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) files.push_back(std::string(name) + ".png");
  folder.write("all.json", coco_text(files));
  for (const std::string& file : files) save(folder / file);
  std::set<std::string> seen;
  for (const Index number : {1, 2, 3}) {
    const CocoSplits fold = leave_out(read_coco_splits(folder.path(), {.seed = 1}), {number, 3});
    CHECK(names(*fold.valid) == names(*leave_out(read_coco_splits(folder.path(), {.seed = 2}), {number, 3}).valid));
    CHECK(fold.train->size() + fold.valid->size() == 8);
    CHECK(fold.valid->size() >= 2);
    CHECK_FALSE(fold.test);
    for (const std::string& name : names(*fold.valid)) {
      CHECK_FALSE(names(*fold.train).contains(name));
      CHECK_MESSAGE(seen.insert(name).second, name);
    }
  }
  CHECK(seen.size() == 8);
  CHECK(contains(error_of([&] { leave_out(read_coco_splits(folder.path()), {1, 9}); }), "8 images cannot be divided"));
}

TEST_CASE("folds divide the training split alone, and the test split stays") {
  const TemporaryFolder folder;
  for (const std::string split : {"train", "valid", "test"}) {
    const std::vector<std::string> files{split + "1.png", split + "2.png"};
    folder.write(split + "/_annotations.coco.json", coco_text(files));
    for (const std::string& file : files) save(folder / split / file);
  }
  const CocoSplits fold = leave_out(read_coco_splits(folder.path()), {1, 2});
  CHECK(fold.train->size() == 1);
  CHECK(fold.valid->size() == 1);
  CHECK(names(*fold.valid).begin()->starts_with("train"));
  CHECK(names(*fold.test) == std::set<std::string>{"test1.png", "test2.png"});
}
