#include <nlohmann/json.hpp>

#include "contains.hpp"
#include "program/world.hpp"

using namespace amdefect::program_test;

TEST_CASE("wrong data sets") {
  const World& world = World::get();
  check_fails("train --dataset_path nowhere", "nowhere: there is no such folder");
  const auto original = nlohmann::json::parse(read(world.path("data/train/_annotations.coco.json")));
  fs::create_directories(world.path("bad"));
  for (const auto& entry : fs::directory_iterator(world.path("data/train")))
    fs::copy(entry.path(), world.path("bad"), fs::copy_options::overwrite_existing);
  const auto check_annotations = [&](const auto& change, const std::string& text) {
    auto json = original;
    change(json);
    write(world.path("bad/_annotations.coco.json"), json.dump());
    check_fails("train --dataset_path bad --model paper --img_size 32 --epochs 1 --output_dir never", text);
    CHECK_FALSE(fs::exists(world.path("never/best.safetensors")));
  };
  check_annotations([](auto& json) { json["annotations"][1]["image_id"] = 999; }, "999");
  check_annotations([](auto& json) { json["annotations"][1]["category_id"] = 77; }, "77");
  check_annotations([](auto& json) { json["annotations"][1]["bbox"][2] = -4; }, "annotations[1]");
  check_annotations([](auto& json) { json["annotations"][1]["bbox"][2] = 1e308; }, "annotations[1]");
  check_annotations(
      [](auto& json) {
        for (auto& annotation : json["annotations"]) annotation["bbox"] = {100, 100, 10, 10};  // beyond all images
      },
      "has a box: there is nothing to learn");
  check_annotations([](auto& json) { json["annotations"][1]["bbox"][0] = nullptr; }, "annotations[1]");
  check_annotations([](auto& json) { json["images"][2]["file_name"] = "gone.jpg"; }, "gone.jpg");
  fs::copy_file(world.path("data/train/synth_00003.jpg"), world.path("outside.jpg"));
  check_annotations([](auto& json) { json["images"][2]["file_name"] = "../outside.jpg"; }, "(allow_outside_files)");
  auto apart = original;  // in a folder of its own, so that it is the train split as it is
  apart["images"][2]["file_name"] = "../../outside.jpg";
  fs::create_directories(world.path("apart"));
  fs::copy(world.path("data/train"), world.path("apart/train"), fs::copy_options::recursive);
  write(world.path("apart/train/_annotations.coco.json"), apart.dump());
  for (const std::string command : {"inspect apart", "eval apart --split train --weights model --output_dir outside"}) {
    const Outcome refused = world.run(command), allowed = world.run(command + " --allow-outside-files");
    CHECK(contains(refused.out + refused.err, "\"../../outside.jpg\" lies outside of the data set's folder, apart, "));
    CHECK(refused.code == 1);
    CHECK_FALSE(contains(allowed.out + allowed.err, "lies outside"));
    CHECK(allowed.code == 0);
  }
  check_annotations(
      [](auto& json) {
        for (int i : {1, 2}) json["images"][i]["file_name"] = "camera" + std::to_string(i) + "/synth_00003.jpg";
      },
      "there is no file \"camera1/synth_00003.jpg\"");
  check_annotations([](auto& json) { json["images"][2]["id"] = json["images"][1]["id"]; }, "images[2]");
  check_annotations([](auto& json) { json.erase("images"); }, "images");
  std::string text = original.dump();
  text.replace(text.find("\"bbox\":["), 8, "\"bbox\":[NaN,");
  write(world.path("bad/_annotations.coco.json"), text);
  check_fails("train --dataset_path bad --model paper --img_size 32", "_annotations.coco.json");
  write(world.path("bad/_annotations.coco.json"), original.dump().substr(0, 400));
  check_fails("train --dataset_path bad --model paper --img_size 32", "_annotations.coco.json");
  write(world.path("bad/_annotations.coco.json"), original.dump());
  const std::string jpeg = read(world.path("bad/synth_00003.jpg"));
  write(world.path("bad/synth_00003.jpg"), jpeg.substr(0, jpeg.size() / 2));
  // Nobody knows it any more by its contents, so that it counts as a new image.
  check_fails("eval --dataset_path bad --split test --weights model/best.safetensors", "synth_00003.jpg");
}

TEST_CASE("poor data sets train, or stop with a clear message") {
  const World& world = World::get();
  const auto original = nlohmann::json::parse(read(world.path("data/train/_annotations.coco.json")));
  const auto make = [&](const char* split, std::size_t images, std::size_t boxes) {
    auto json = original;
    json["images"].erase(json["images"].begin() + static_cast<std::ptrdiff_t>(images), json["images"].end());
    std::erase_if(json["annotations"].get_ref<nlohmann::json::array_t&>(), [&](const auto& annotation) {
      return std::none_of(json["images"].begin(), json["images"].end(),
                          [&](const auto& image) { return image["id"] == annotation["image_id"]; });
    });
    json["annotations"].erase(json["annotations"].begin() + static_cast<std::ptrdiff_t>(boxes),
                              json["annotations"].end());
    fs::create_directories(world.path("poor") / split);
    for (const auto& entry : fs::directory_iterator(world.path("data/train")))
      fs::copy(entry.path(), world.path("poor") / split, fs::copy_options::skip_existing);
    write(world.path("poor") / split / "_annotations.coco.json", json.dump());
  };
  const std::string train =
      "train --dataset_path poor --model dense-n --epochs 1 --batch_size 8 --threads 1 "
      "--output_dir poor_run --crop_size 32 --network " +
      tiny;
  make("train", 1, 1);  // one image with one box, no validation split
  Outcome outcome = world.run(train);
  CHECK(outcome.code == 0);
  CHECK(outcome.err.find("warning: there is no validation split with boxes") != std::string::npos);
  CHECK(
      world.run("predict poor/train/synth_00000.jpg --weights poor_run/best.safetensors --output_dir poor_out").code ==
      0);
  make("valid", 2, 0);  // a validation split without boxes
  outcome = world.run(train + " --overwrite");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.find("warning: there is no validation split with boxes") != std::string::npos);
  auto crowds = nlohmann::json::parse(read(world.path("data/train/_annotations.coco.json")));
  for (auto& annotation : crowds["annotations"]) annotation["iscrowd"] = 1;
  write(world.path("poor/train/_annotations.coco.json"), crowds.dump());
  check_fails(train + " --overwrite", "there is nothing to learn");
  make("train", 4, 0);
  check_fails(train + " --overwrite", "there is nothing to learn");
}

TEST_CASE("boxes that are no x, y, width, height in pixels are noticed, and categories of one name stay two classes") {
  const World& world = World::get();
  // A copy of the data, with each box and category changed.
  const auto write_data = [&](const std::string& folder, const auto& change_box, const auto& change_category) {
    fs::copy(world.path("data"), world.path(folder), fs::copy_options::recursive);
    for (const std::string split : {"train", "valid", "test"}) {
      const fs::path file = world.path(folder) / split / "_annotations.coco.json";
      auto json = nlohmann::json::parse(read(file));
      for (auto& annotation : json["annotations"]) change_box(annotation["bbox"]);
      for (auto& category : json["categories"]) change_category(category["name"]);
      write(file, json.dump());
    }
  };
  const auto nothing = [](auto&) {};
  write_data(
      "shares",
      [](auto& box) {
        for (auto& number : box) number = number.template get<double>() / 64;
      },
      nothing);
  CHECK(world.run("inspect shares").out.find("boxes look like shares of the image's size") != std::string::npos);
  const auto to_corners = [](auto& box) {
    for (int i : {0, 1}) box[i + 2] = box[i].template get<double>() + box[i + 2].template get<double>();
  };
  write_data("corners", to_corners, nothing);
  CHECK(world.run("inspect corners").out.find("boxes look like corners (x1, y1, x2, y2)") != std::string::npos);
  CHECK(world.run("train corners --model blob --output_dir of_corners").err.find("warning: boxes look like corners") !=
        std::string::npos);

  write_data("same_names", nothing, [](auto& name) { name = "defect"; });
  REQUIRE(world.run("train same_names --model blob --output_dir of_same_names").code == 0);
  CHECK(world.run("eval same_names --weights of_same_names --output_dir e_same_names").code == 0);
  CHECK(world.run("predict same_names/test --weights of_same_names --output_dir p_same_names").code == 0);
}
