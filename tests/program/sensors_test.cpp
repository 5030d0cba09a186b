#include "amdefect/image/image_io.hpp"
#include "amdefect/image/resize.hpp"
#include "contains.hpp"
#include "world.hpp"

namespace amdefect::program_test {

namespace {

/// A data set with a smaller picture of a second sensor for each image, and the file that says where it lies.
void write_sensors(const World& world) {
  REQUIRE(world.run("synth --output_dir sensed --train 6 --valid 2 --test 2 --img_size 64 --overwrite").code == 0);
  for (const char* split : {"train", "valid", "test"}) {
    const fs::path folder = world.path(concat("sensed/", split));
    fs::create_directories(folder / "thermal");
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".jpg") {
        const Image image = resize(load_image(entry.path(), ImageChannels::grey), 32, 32);
        save_image(folder / "thermal" / entry.path().filename().replace_extension(".png"), image);
      }
  }
  write(world.path("sensors.json"),
        R"({"mm_per_pixel": 0.1, "sensors": [{"name": "thermal", "mm_per_pixel": 0.2, "left_mm": 0.4}]})");
  write(world.path("others.json"), R"({"sensors": [{"name": "side", "folder": "thermal"}]})");
}

const std::string train =
    "train sensed --epochs 1 --eval_interval 0 --monitor loss --pretrained false --crop_size 32 "
    "--threads 1 --overwrite --network " +
    tiny;

}  // namespace

TEST_CASE("sensors: a list of them is trained with, and asked for where the detector is used") {
  const World& world = World::get();
  write_sensors(world);
  const Outcome trained = world.run(train + " --sensors sensors.json --channel_dropout 0.3 --output_dir sensed_run");
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  const std::string eval = "eval sensed --weights sensed_run --overwrite --output_dir sensed_eval ";
  CHECK(world.run(eval + "--sensors sensors.json").code == 0);
  check_fails(eval, "trained with the channels 'red', 'green', 'blue', 'thermal': say where their pictures are");
  check_fails(eval + "--sensors others.json",
              "in this order, of which some may be missing, got 'red', 'green', 'blue', 'side'");
  fs::remove_all(world.path("sensed/test/thermal"));
  const Outcome missing = world.run(eval + "--sensors sensors.json");
  CHECK(missing.code == 0);
  CHECK(contains(missing.err, "note: missing: 'thermal' in 2 of 2 images"));
  const Outcome predicted =
      world.run("predict sensed/test --weights sensed_run --sensors sensors.json --output_dir sensed_found");
  CHECK(predicted.code == 0);
  CHECK(contains(predicted.out, "missing: 'thermal'"));
}

TEST_CASE("sensors: folders of a training are known, and not taken for one another") {
  const World& world = World::get();
  write_sensors(world);
  for (const char* split : {"train", "valid", "test"})
    for (const char* folder : {"left", "right"}) {
      const fs::path to = world.path(concat("sensed/", split, '/', folder));
      fs::create_directories(to);
      for (const fs::directory_entry& entry : fs::directory_iterator(world.path(concat("sensed/", split))))
        if (entry.path().extension() == ".jpg") fs::copy_file(entry.path(), to / entry.path().filename());
    }
  REQUIRE(world.run(train + " --output_dir folders_run --extra_image_folders left right").code == 0);
  const std::string eval = "eval sensed --weights folders_run --overwrite --output_dir folders_eval ";
  CHECK(world.run(eval).code == 0);
  CHECK(world.run(eval + "--extra_image_folders left right").code == 0);
  check_fails(eval + "--extra_image_folders right left",
              "trained with 'left', 'right' in this order, got 'right', 'left'");
}

}  // namespace amdefect::program_test
