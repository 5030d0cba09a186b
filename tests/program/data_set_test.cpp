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

  write(world.path("inspect.json"), R"({"dataset_path": "cvat", "epochs": 3, "output_dir": "never", "mosaic": 0.2})");
  const Outcome configured = world.run("inspect --config inspect.json --batch_size 4");
  CHECK(configured.out == whole.out);
  CHECK_FALSE(fs::exists(world.path("never")));
  check_fails("inspect cvat --num_classes 90", "num_classes is 90, but the data set has ");
  check_fails("inspect cvat --config no_such.json", "no_such.json");
}

TEST_CASE("inspect does not complain of pixel indices where --box_offset is given") {
  const World& world = World::get();
  write_cvat("indices", "Train", "Validation", "Test");
  const std::string file = world.path("indices/annotations/instances_Train.json");
  nlohmann::json coco = nlohmann::json::parse(read(file));
  coco["annotations"] = nlohmann::json::array();
  for (int id = 1; id <= 60; ++id) {
    const auto& image = coco["images"][static_cast<std::size_t>(id) % coco["images"].size()];
    coco["annotations"].push_back({{"id", id},
                                   {"image_id", image["id"]},
                                   {"category_id", coco["categories"][0]["id"]},
                                   {"bbox", {0, 0, image["width"].get<int>() - 1, image["height"].get<int>() - 1}}});
  }
  write(file, coco.dump());
  const std::string complaint = "boxes are pixel indices";
  CHECK(has(world.run("inspect indices").out, complaint));
  for (const char* offset : {"0", "0.5"})
    CHECK_FALSE(has(world.run(amdefect::concat("inspect indices --box_offset ", offset)).out, complaint));
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
