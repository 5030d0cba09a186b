#include <nlohmann/json.hpp>

#include "program/world.hpp"

using namespace amdefect::program_test;

TEST_CASE("the main job: files, metrics and pictures") {
  const World& world = World::get();
  for (const char* name :
       {"config.json", "training_log.csv", "history.json", "best.safetensors", "last.safetensors", "report.html"})
    CHECK(fs::file_size(world.path("model") / name) > 0);
  const auto history = nlohmann::json::parse(read(world.path("model/history.json")));
  CHECK(history["loss"].size() == 2);
  CHECK(history["mAP50"][0].is_null());
  CHECK(history["mAP50"][1].is_number());

  const Outcome evaluated = world.run("eval --dataset_path data --weights model/best.safetensors --output_dir eval");
  INFO(evaluated.err);
  CHECK(evaluated.code == 0);
  CHECK(evaluated.out.find("Average Precision  (AP) @[ IoU=0.50:0.95") != std::string::npos);
  const auto metrics = nlohmann::json::parse(read(world.path("eval/metrics.json")));
  for (const char* key : {"mAP50", "coco", "per_image_f1", "confusion", "pooled_ap50", "best_f1"})
    CHECK(metrics.contains(key));
  CHECK(read(world.path("eval/report.html")).find("</html>") != std::string::npos);

  const Outcome checked =
      world.run("coco-eval --annotations data/test/_annotations.coco.json --detections eval/detections.json");
  CHECK(checked.code == 0);
  CHECK(evaluated.out.find(checked.out.substr(checked.out.find(" Average"))) != std::string::npos);

  const Outcome predicted = world.run(
      "predict data/test data/train/synth_00000.jpg --weights model/best.safetensors --output_dir pictures --html");
  CHECK(predicted.code == 0);
  CHECK(fs::file_size(world.path("pictures/synth_00002.png")) > 0);
  CHECK(fs::exists(world.path("pictures/synth_00000_2.png")));  // a second picture of the same name
  CHECK(nlohmann::json::parse(read(world.path("pictures/detections.json"))).is_array());
  CHECK(fs::file_size(world.path("pictures/predictions.html")) > 0);
}

TEST_CASE("inspect tells what is in a data set, and writes a page") {
  const World& world = World::get();
  const Outcome inspected = world.run("inspect data");
  CHECK(inspected.code == 0);
  CHECK(inspected.out.find("train: 8 images") != std::string::npos);
  CHECK(inspected.out.find("classes without boxes: printing; wire") != std::string::npos);
  CHECK(inspected.out.find("two splits") == std::string::npos);
  const fs::path copy = world.path("leaky");
  fs::copy(world.path("data"), copy, fs::copy_options::recursive);
  fs::copy_file(copy / "train/synth_00001.jpg", copy / "valid/synth_00000.jpg", fs::copy_options::overwrite_existing);
  fs::remove(copy / "train/synth_00002.jpg");
  fs::remove(copy / "train/synth_00003.jpg");
  const Outcome leaky = world.run("inspect leaky --output_dir inspected");
  CHECK(leaky.code == 1);
  CHECK(leaky.out.find("images that cannot be used: 2") != std::string::npos);
  CHECK(leaky.out.find("there is no file \"synth_00003.jpg\"") != std::string::npos);
  CHECK(leaky.out.find("train synth_00001.jpg and valid synth_00000.jpg") != std::string::npos);
  const std::string page = read(world.path("inspected/inspection.html"));
  CHECK(page.find("there is no file &quot;synth_00003.jpg&quot;") != std::string::npos);
  CHECK(page.find("data:image/jpeg;base64,") != std::string::npos);
  CHECK(page.ends_with("</html>\n"));
  check_fails("inspect nowhere", "nowhere: there is no such folder");
}

TEST_CASE("the blob baseline runs behind the same commands") {
  const World& world = World::get();
  const Outcome trained = world.run("train --dataset_path data --model blob --output_dir blob");
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const Outcome evaluated =
      world.run("eval --dataset_path data --weights blob/best.safetensors --output_dir blob/eval");
  INFO(evaluated.err);
  CHECK(evaluated.code == 0);
  CHECK(world.run("summary --model dense-n --num_classes 1").out.find("579,") != std::string::npos);
}

TEST_CASE("summary is for pictures of the size that is asked for") {
  const World& world = World::get();
  CHECK(world.run("summary --model dense-n --img_size 96").out.find("[96, 96, 3]") != std::string::npos);
  check_fails("summary --model dense-n --img_size 100", "--img_size 100 is no multiple of 32, as dense-n needs");
}

TEST_CASE("summary prints the published size") {
  const Outcome outcome = World::get().run("summary");
  CHECK(outcome.code == 0);
  for (const char* number : {"1,632,408", "1,631,512", "896"}) CHECK(outcome.out.find(number) != std::string::npos);
}

TEST_CASE("a result that cannot be written is an error") {
  const World& world = World::get();
  write(world.path("full.sh"), "\"$@\" >/dev/full\n");
  const Outcome outcome = world.run("summary", "bash full.sh");
  CHECK(outcome.code == 1);
  CHECK(outcome.err == "amdefect: error: cannot write to the standard output\n");
}

TEST_CASE("bench prints one line of JSON") {
  const Outcome outcome = World::get().run("bench --mode train --batch 1 --size 32 --steps 1 --threads 1");
  CHECK(nlohmann::json::parse(outcome.out)["median_ms"].get<double>() > 0);
  const Outcome own = World::get().run(
      "bench --network '{\"stem\": 8, \"widths\": [8, 8], \"blocks\": [1, 1]}' --batch 1 "
      "--size 32 --steps 1 --threads 1 --mode infer");
  CHECK(nlohmann::json::parse(own.out)["model"].get<std::string>().starts_with("{\"stem\": 8"));
  check_fails("bench --model anchor-free-n --size 8192 --batch 4096",
              "there is not enough memory: random pixels [4096, 8192");
}

TEST_CASE("synth: as many pictures of printers as the paper has, and one name of a scene at a time") {
  const World& world = World::get();
  const Outcome written = world.run("synth --scene printer --test 2 --img_size 32 --output_dir printers");
  INFO(written.err);
  CHECK(written.code == 0);
  CHECK(written.out == "wrote 399 / 36 / 2 pictures (train / valid / test) to printers\n");
  CHECK(fs::exists(world.path("printers/train/synth_00398.jpg")));
  CHECK(world.run("synth --pores --train 1 --valid 0 --test 0 --img_size 64 --output_dir pores").code == 0);
  CHECK(world.run("synth --scene pores --train 1 --valid 0 --test 0 --img_size 64 --output_dir pores_2").code == 0);
  CHECK(read(world.path("pores/train/synth_00000.jpg")) == read(world.path("pores_2/train/synth_00000.jpg")));
  check_fails("synth --scene pores --pores --output_dir twice", " excludes ", 2);
  check_fails("synth --scene oven --output_dir oven", "oven", 2);
}
