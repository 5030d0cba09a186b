#include "amdefect/detection/prediction_files.hpp"

#include <doctest/doctest.h>

#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

bool is_empty(const TemporaryFolder& folder) { return fs::is_empty(folder.path()); }

const DetectorLabels detector_labels{{"pore", "crack, \"long\""}, {3, 7}, 0.5};

}  // namespace

TEST_CASE("predictions are written for programs: boxes as annotations have them, and in pixels of the image") {
  const TemporaryFolder folder;
  PredictionFiles files(folder.path(), detector_labels);
  files.add({1, "a folder/K\xC3\xB6rper, neu.png", 64, 48}, {{{1.5, 2, 11.5, 4}, 0.75, 1}, {{0, 0, 8, 8}, 0.5, 0}});
  files.add({2, "nothing.png", 32, 16}, {});
  files.add({4, "say \"x\".png", 8, 8}, {{{1, 1, 2, 3}, 0.25, 0}});
  CHECK_FALSE(fs::exists(folder / "detections.json"));
  CHECK_FALSE(fs::exists(folder / "detections.csv"));
  CHECK_FALSE(fs::exists(folder / "images.json"));
  files.commit();

  CHECK(folder.read("detections.csv") ==
        "file,label,class,score,x1,y1,x2,y2\n"
        "\"a folder/K\xC3\xB6rper, neu.png\",1,\"crack, \"\"long\"\"\",0.75,1.5,2,11.5,4\n"
        "\"a folder/K\xC3\xB6rper, neu.png\",0,pore,0.5,0,0,8,8\n"
        "\"say \"\"x\"\".png\",0,pore,0.25,1,1,2,3\n");
  const std::vector<CocoResult> results = read_coco_results(folder / "detections.json");
  REQUIRE(results.size() == 3);
  CHECK(results[0].image_id == 1);
  CHECK(results[0].category_id == 7);
  CHECK(results[0].box == CocoBox{1, 1.5, 10, 2});
  CHECK(results[2].image_id == 4);
  CHECK(results[2].score == 0.25);
  const CocoDataset images = read_coco_annotations(folder / "images.json");
  REQUIRE(images.images.size() == 3);
  CHECK(images.images[0].file_name == "a folder/K\xC3\xB6rper, neu.png");
  CHECK(images.images[1].width == 32);
  CHECK(images.images[2].id == 4);
  REQUIRE(images.categories.size() == 2);
  CHECK(images.categories[1].id == 7);
  CHECK(images.categories[1].name == "crack, \"long\"");
  CHECK(images.annotations.empty());
}

TEST_CASE("without images the lists of predictions are empty but sound") {
  const TemporaryFolder folder;
  PredictionFiles(folder.path(), detector_labels).commit();
  CHECK(folder.read("detections.csv") == "file,label,class,score,x1,y1,x2,y2\n");
  CHECK(read_coco_results(folder / "detections.json").empty());
  CHECK(read_coco_annotations(folder / "images.json").images.empty());
}

TEST_CASE("predictions of many images go to the disk while they come, and leave nothing behind when it ends badly") {
  const TemporaryFolder folder;
  {
    PredictionFiles files(folder.path(), detector_labels);
    const std::vector<Detection> found(100, {{1, 2, 3, 4}, 0.5, 0});
    for (std::int64_t id = 1; id <= 100; ++id) files.add({id, "a.png", 8, 8}, found);
    std::uintmax_t written = 0;
    for (const auto& file : fs::directory_iterator(folder.path())) written += file.file_size();
    CHECK(written > 500000);
    CHECK(error_of([&] { files.add({101, "\xff.png", 8, 8}, {}); }).find("UTF-8") != std::string::npos);
  }
  CHECK(is_empty(folder));
  CHECK_THROWS_AS(PredictionFiles(folder / "nowhere", detector_labels), FileError);
}
