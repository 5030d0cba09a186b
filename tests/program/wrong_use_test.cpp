#include <nlohmann/json.hpp>

#include "amdefect/nn/weights.hpp"
#include "program/world.hpp"

using namespace amdefect;
using namespace amdefect::program_test;

TEST_CASE("a configuration file has the paper's keys, and the command line wins") {
  const World& world = World::get();
  write(world.path("config.json"), R"({"dataset_path": "data", "img_size": 32, "batch_size": 4, "epochs": 9,
    "learning_rate": 0.001, "output_dir": "configured", "pretrained": "model/best.safetensors", "resume": false,
    "eval_interval": 0, "early_stopping": 3, "num_classes": 4, "gpu": null, "outputs_per_example": 1})");
  const Outcome outcome = world.run("train --config config.json --epochs 1");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  const auto config = nlohmann::json::parse(read(world.path("configured/config.json")));
  CHECK(config["epochs"] == 1);
  CHECK(config["learning_rate"] == 0.001);
  CHECK(config["pretrained"] == "model/best.safetensors");
  CHECK(config["gpu"].is_null());
}

TEST_CASE("wrong use gives one clear line and exit code 2") {
  check_fails("", "A subcommand is required", 2);
  check_fails("fly", "fly", 2);
  check_fails("train --unknown 3", "--unknown", 2);
  check_fails("train --dataset_path data --epochs many", "epochs", 2);
  check_fails("train --dataset_path data --fit somehow", "within", 2);
  check_fails("bench --batch 0", "batch", 2);
  check_fails("predict", "images", 2);
  check_fails("predict data/test --soft_nms -1", "soft_nms", 2);
  check_fails("eval --max_detections 0", "max_detections", 2);
}

TEST_CASE("wrong configuration files") {
  const World& world = World::get();
  const auto check_config = [&](const std::string& content, const std::string& text) {
    write(world.path("bad.json"), content);
    check_fails("train --config bad.json", text);
  };
  check_fails("train --config missing.json", "missing.json: cannot be opened");
  check_config("{\"epochs\": ", "configuration: bad.json: at byte 11: expected a number, found the end of the text");
  check_config("[1]", "expected an object, found an array");
  check_config("{\"epoch\": 3}", "unknown key 'epoch'");
  check_config("{\"epochs\": -3}", "epochs: expected a whole number from 0 to 1000000, found '-3'");
  check_config("{\"epochs\": \"many\"}", "epochs: expected a whole number from 0 to 1000000, found 'many'");
  check_config("{\"epochs\": 3, \"epochs\": 4}", "every key of an object once");
  check_config("{\"learning_rate\": \"nan\"}", "learning_rate: expected a number from 1e-12 to 1000, found 'nan'");
  check_config("{\"class_weights\": [1, 0]}", "class_weights: expected a number from 1e-06 to 1e+06, found '0'");
  fs::create_directories(world.path("a_folder"));
  check_fails("train --config a_folder", "a_folder: is a folder, expected a file");
  check_config("{\"dataset_path\": \"data\", \"gpu\": 0}", "gpu must be null");
  check_config("{\"img_size\": 64}", "no data set");
  check_config("{\"dataset_path\": \"data\", \"num_classes\": 7}", "num_classes is 7, but the data set has 4");
  check_config("{\"dataset_path\": \"data\", \"early_stopping\": \"maybe\"}", "early_stopping");
}

TEST_CASE("wrong weights and images") {
  const World& world = World::get();
  const std::string good = read(world.path("model/best.safetensors"));
  check_fails("predict data/test --weights gone.safetensors", "gone.safetensors: no such file");
  write(world.path("bad.safetensors"), good.substr(0, good.size() / 2));
  check_fails("predict data/test --weights bad.safetensors", "bad.safetensors");
  write(world.path("bad.safetensors"), "hello");
  check_fails("predict data/test --weights bad.safetensors", "expected at least 8 bytes, found 5");
  const SafetensorsFile model = read_safetensors(world.path("model/best.safetensors"));
  const Tensor<float> kernel({1, 1, 256, 30});
  std::vector<TensorEntry> other(model.entries().begin(), model.entries().end());
  for (TensorEntry& entry : other)
    if (entry.name == "cls_conv2.kernel") entry = safetensors_entry(entry.name, kernel.view());
  write_safetensors(world.path("other.safetensors"), other, model.metadata());
  check_fails("predict data/test --weights other.safetensors",
              "'cls_conv2.kernel' has shape [1, 1, 256, 30], expected");
  check_fails("predict data/test --weights model/best.safetensors --flip_test", "the paper's network has no flip_test");
  check_fails("eval --dataset_path data --weights model/best.safetensors --flip_test", "no flip_test");
  write_safetensors(world.path("plain.safetensors"), other, {});
  check_fails("predict data/test --weights plain.safetensors", "no description of a detector");
  check_fails(world.train("elsewhere", "--pretrained other.safetensors"), "does not fit the network");
  check_fails(world.train("elsewhere", "--resume model/best.safetensors --epochs 2"), "no training state");
  check_fails(world.train("elsewhere", "--resume model/last.safetensors --learning_rate 0.5"), "another learning_rate");
  check_fails("predict nowhere.png --weights model/best.safetensors", "there is no file or folder nowhere.png");
  write(world.path("broken.png"), "\x89PNG\r\n\x1a\nnothing");
  check_fails("predict broken.png --weights model/best.safetensors --output_dir p2", "broken.png");
  fs::create_directories(world.path("empty"));
  check_fails("predict empty --weights model/best.safetensors", "holds no JPEG, PNG or BMP images");
  check_fails("synth --output_dir data", "is not empty");
  fs::copy(world.path("data"), world.path("mine"), fs::copy_options::recursive);
  write(world.path("mine/train/photo.jpg"), "mine");
  check_fails("synth --output_dir mine --overwrite --train 1", "mine/train/photo.jpg: is not from generated data");
  CHECK(read(world.path("mine/train/_annotations.coco.json")) == read(world.path("data/train/_annotations.coco.json")));
  check_fails("synth --output_dir elsewhere --seed -1", "seed", 2);
  write(world.path("a_file"), "");
  check_fails("eval --dataset_path data --weights model/best.safetensors --output_dir a_file",
              "cannot make the folder");
  auto renamed = nlohmann::json::parse(read(world.path("data/test/_annotations.coco.json")));
  renamed["categories"][1]["name"] = "spout";
  write(world.path("data/test/renamed.json"), renamed.dump());
  check_fails(
      "eval --dataset_path data/test --annotation_file renamed.json --weights model/best.safetensors --split train "
      "--output_dir eval_renamed",
      "1 spout");
}

TEST_CASE("a wrong AMDEFECT_SIMD ends the program before it does anything, more threads than cores are named") {
  const World& world = World::get();
  const Outcome outcome = world.run("inspect nowhere", "env AMDEFECT_SIMD=nonsense");
  CHECK(outcome.code == 2);
  CHECK(outcome.err == "amdefect: AMDEFECT_SIMD: expected baseline, avx2 or avx512, got 'nonsense'\n");
  const Outcome many = world.run("inspect data --threads 1000");
  CHECK(many.code == 0);
  CHECK(many.err.find("note: 1000 threads, but only ") != std::string::npos);
  CHECK(world.run("inspect data --threads 1").err.find("note: ") == std::string::npos);
}
