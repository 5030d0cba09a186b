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

/// The same with two more pictures of the images' pixels, that differ.
void write_folders(const World& world) {
  write_sensors(world);
  for (const char* split : {"train", "valid", "test"})
    for (const std::string folder : {"left", "right"}) {
      const fs::path from = world.path(concat("sensed/", split)), to = from / folder;
      fs::create_directories(to);
      for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
        if (entry.path().extension() != ".jpg") continue;
        Image image = load_image(entry.path(), ImageChannels::grey);
        if (folder == "left")
          for (std::uint8_t& value : image.bytes()) value = static_cast<std::uint8_t>(255 - value);
        save_image(to / entry.path().filename().replace_extension(".png"), image);
      }
    }
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
  check_fails(eval, "trained with the numbers of 'red', 'green', 'blue', 'thermal': say where their pictures are");
  check_fails(eval + "--sensors sensors.json --extra_image_folders thermal", "give one of the two");
  check_fails(eval + "--sensors others.json",
              "in this order, of which some may be missing, got 'red', 'green', 'blue', 'side'");
  fs::remove_all(world.path("sensed/test/thermal"));
  const Outcome missing = world.run(eval + "--sensors sensors.json");
  CHECK(missing.code == 0);
  CHECK(contains(missing.err, "note: missing: 'thermal' in 2 of 2 images; the network sees 0 there"));
  const Outcome predicted =
      world.run("predict sensed/test --weights sensed_run --sensors sensors.json --output_dir sensed_found");
  CHECK(predicted.code == 0);
  CHECK(contains(predicted.out, "missing: 'thermal'"));
}

TEST_CASE("sensors: folders of a training are known, and not taken for one another") {
  const World& world = World::get();
  write_folders(world);
  REQUIRE(world.run(train + " --output_dir folders_run --extra_image_folders left right").code == 0);
  const std::string eval = "eval sensed --weights folders_run --overwrite --output_dir folders_eval ";
  CHECK(world.run(eval).code == 0);
  CHECK(world.run(eval + "--extra_image_folders left right").code == 0);
  check_fails(eval + "--extra_image_folders right left",
              "'left', 'right' in this order, got 'red', 'green', 'blue', 'right', 'left'");
  check_fails(eval + "--extra_image_folders right",
              "'left', 'right' in this order, got 'red', 'green', 'blue', 'right'");
}

TEST_CASE("sensors: a folder is the channel of its name where others are missing") {
  const World& world = World::get();
  write_folders(world);
  REQUIRE(world.run(train + " --output_dir lacking_run --channel_dropout 0.3 --extra_image_folders left right").code ==
          0);
  const std::string with = " --weights lacking_run --overwrite --output_dir ";
  // The pictures of one folder: as those of both in which the other one's are not there.
  const Outcome right = world.run("eval sensed" + with + "lacking_right --extra_image_folders right");
  CHECK(right.code == 0);
  CHECK(contains(right.err, "note: missing: 'left' in 2 of 2 images"));
  const Outcome found = world.run("predict sensed/test" + with + "lacking_found --extra_image_folders right");
  CHECK(found.code == 0);
  CHECK(contains(found.out, "missing: 'left'"));
  check_fails("eval sensed" + with + "lacking_other --extra_image_folders thermal",
              "'thermal' is none of the channels that the detector was trained with, 'left', 'right'");
  check_fails("predict sensed/test" + with + "lacking_other --extra_image_folders thermal", "'thermal' is none of");
  check_fails("eval sensed" + with + "lacking_other --extra_image_folders left right right", "got 'red'");
  fs::remove_all(world.path("sensed/test/left"));
  REQUIRE(world.run("eval sensed" + with + "lacking_both").code == 0);
  CHECK(read(world.path("lacking_right/detections.json")) == read(world.path("lacking_both/detections.json")));
  fs::remove_all(world.path("sensed/test/right"));
  REQUIRE(world.run("eval sensed" + with + "lacking_all").code == 0);
  CHECK(read(world.path("lacking_right/detections.json")) != read(world.path("lacking_all/detections.json")));
}

TEST_CASE("sensors: options that would have no effect are refused") {
  const World& world = World::get();
  write_folders(world);
  check_fails(train + " --output_dir refused --measure_scale", "measure_scale is for files of layers");
  check_fails(train + " --output_dir refused --measure_scale --extra_image_folders left", "measure_scale is for files");
  check_fails(train + " --output_dir refused --sensors sensors.json --extra_image_folders left",
              "extra_image_folders is given beside sensors, but sensors.json says which folders there are");
  check_fails(train + " --output_dir refused --channel_dropout 0.2 --extra_image_folders left left",
              "the name 'left' is there twice");
}

TEST_CASE("sensors: a run goes on only with sensors where they were") {
  const World& world = World::get();
  write_sensors(world);
  const std::string run =
      "train sensed --eval_interval 0 --monitor loss --pretrained false --crop_size 32 --threads 1 --network " + tiny +
      " --output_dir going_on";
  REQUIRE(world.run(run + " --epochs 1 --sensors sensors.json").code == 0);
  const std::string resume = run + " --epochs 2 --resume", listed = resume + " --sensors sensors.json";
  const std::string list = read(world.path("sensors.json"));
  write(world.path("sensors.json"),
        R"({"mm_per_pixel": 0.1, "sensors": [{"name": "thermal", "mm_per_pixel": 0.2, "left_mm": 0.5}]})");
  check_fails(listed, "with another sensors: the run was started with [{");
  write(world.path("sensors.json"), list);
  check_fails(listed + " --extra_shift 2", "with another extra_shift: the run was started with 4.0, now it is 2.0");
  const fs::path picture = *fs::directory_iterator(world.path("sensed/train/thermal"));
  const Image before = load_image(picture, ImageChannels::grey);
  save_image(picture, Image(32, 32, 1, 250));
  check_fails(listed, "with another pixel_scaling: the run was started with {");
  save_image(picture, before);
  fs::rename(world.path("sensors.json"), world.path("moved.json"));
  CHECK(world.run(resume + " --sensors moved.json").code == 0);
}

}  // namespace amdefect::program_test
