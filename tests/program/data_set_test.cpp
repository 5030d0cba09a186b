#include "program/world.hpp"

using namespace amdefect::program_test;

namespace {

/// The data set of the world as CVAT would export it: folders and files called after `train`, `valid` and `test`.
void write_cvat(const std::string& folder, const std::string& train, const std::string& valid,
                const std::string& test) {
  const World& world = World::get();
  const fs::path root = world.path(folder);
  for (const char* below : {"annotations", "images"}) fs::create_directories(root / below);
  for (const auto& [split, name] : {std::pair{"train", train}, {"valid", valid}, {"test", test}}) {
    fs::copy(world.path("data") / split, root / "images" / name, fs::copy_options::recursive);
    fs::rename(root / "images" / name / "_annotations.coco.json",
               root / "annotations" / ("instances_" + name + ".json"));
  }
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("inspect takes the data options of train, and names the files that are left aside") {
  const World& world = World::get();
  write_cvat("cvat", "Train", "Validation", "Test");
  write(world.path("cvat/annotations/._instances_Train.json"), "no JSON");
  const Outcome whole = world.run("inspect cvat");
  CHECK(whole.code == 0);
  for (const char* count : {"train: 8 images", "valid: 3 images", "test: 3 images"}) CHECK(has(whole.out, count));
  CHECK(whole.err.empty());

  for (const char* arguments : {"inspect cvat --annotation_file annotations/instances_Train.json --seed 5",
                                "inspect --annotation_file cvat/annotations/instances_Train.json",
                                "inspect cvat/annotations/instances_Train.json"}) {
    CAPTURE(arguments);
    const Outcome part = world.run(arguments);
    CHECK(part.code == 0);
    CHECK(has(part.out, "train: 6 images"));
    CHECK(has(part.err, "warning: JSON files that are not used: "));
    CHECK(has(part.err, "instances_Validation.json"));
    CHECK(has(part.err, "instances_Test.json"));
    CHECK_FALSE(has(part.err, "._"));
  }
  const Outcome thermal = world.run("inspect cvat --extra_image_folders thermal");
  CHECK(thermal.code == 1);
  CHECK(has(thermal.out, "there is no picture \"thermal/"));
  check_fails("inspect", "neither its folder nor an annotation file is given");
}

TEST_CASE("eval needs the images and annotations of the split that it measures, and no others") {
  const World& world = World::get();
  write_cvat("measured", "train2017", "val2017", "test2017");
  write(world.path("measured/annotations/instances_train2017.json"), "no JSON");
  fs::remove_all(world.path("measured/images/train2017"));
  fs::remove_all(world.path("measured/images/val2017"));
  const std::string eval = "eval measured --weights model --threads 1 --overwrite --output_dir measures";
  for (const char* split : {"", " --split test"}) {
    const Outcome measured = world.run(eval + split);
    CAPTURE(measured.err);
    CHECK(measured.code == 0);
    CHECK(has(measured.out, "test split: 3 images"));
  }
  check_fails(eval + " --split valid", "images[0] (id ");
  check_fails(eval + " --split train", "instances_train2017.json");
}
