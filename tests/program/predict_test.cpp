#include <nlohmann/json.hpp>

#include "amdefect/image/image_io.hpp"
#include "program/world.hpp"

using namespace amdefect;
using namespace amdefect::program_test;

TEST_CASE("predict names its images for programs, draws none if told so, and goes on after a broken image") {
  const World& world = World::get();
  const fs::path inputs = world.path("new images"), picture = world.path("data/test/synth_00000.jpg");
  fs::create_directories(inputs);
  fs::copy_file(picture, inputs / "a, b.jpg");
  fs::copy_file(world.path("data/test/synth_00001.jpg"), inputs / "K\xC3\xB6rper.jpg");
  fs::copy_file(picture, inputs / "z.jpg");
  write(inputs / "m.jpg", read(picture).substr(0, 600));
  const std::string arguments =
      "'new images' data/test/synth_00000.jpg --weights model/best.safetensors "
      "--score_threshold 0 --output_dir ";
  const Outcome outcome = world.run("predict --no-pictures " + arguments + "lists");
  CHECK(outcome.code == 1);
  CHECK(outcome.err == "amdefect: error: new images/m.jpg: truncated JPEG file (600 bytes)\n");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(world.path("lists")))
    if (!entry.path().filename().string().starts_with(".")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"detections.csv", "detections.json", "images.json"});

  const auto images = nlohmann::json::parse(read(world.path("lists/images.json")))["images"];
  REQUIRE(images.size() == 4);
  const std::vector<std::string> files{"new images/K\xC3\xB6rper.jpg", "new images/a, b.jpg", "new images/z.jpg",
                                       "data/test/synth_00000.jpg"};
  for (std::size_t i = 0; i < files.size(); ++i) CHECK(images[i]["file_name"] == files[i]);
  CHECK(images[1]["id"] == 2);
  CHECK(images[2]["id"] == 4);  // the broken one is number 3
  CHECK(images[3]["width"] == 64);
  const auto detections = nlohmann::json::parse(read(world.path("lists/detections.json")));
  REQUIRE(detections.size() > 0);
  for (const auto& detection : detections) CHECK(detection["image_id"] != 3);
  const std::string csv = read(world.path("lists/detections.csv"));
  CHECK(csv.starts_with("file,label,class,score,x1,y1,x2,y2\n"));
  CHECK(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')) == detections.size() + 1);
  CHECK(csv.find("\n\"new images/a, b.jpg\",") != std::string::npos);

  // A picture in the folder that is read is not overwritten.
  fs::create_directories(world.path("here"));
  save_image(world.path("here/a.png"), Image(64, 64, 3, 90));
  const std::string before = read(world.path("here/a.png"));
  CHECK(world.run("predict here --weights model/best.safetensors --score_threshold 0 --output_dir here").code == 0);
  CHECK(read(world.path("here/a.png")) == before);
  CHECK(fs::exists(world.path("here/a_2.png")));
}

TEST_CASE("the ready model predicts where no weights are given, is evaluated and trained on by its name") {
  const World& world = World::get();
  const std::string picture = " data/test/synth_00000.jpg";
  const auto first_line = [](const Outcome& outcome) { return outcome.out.substr(0, outcome.out.find('\n')); };
  std::istringstream readme(read(AMDEFECT_TESTS_DIR "/../README.md"));
  Outcome ready;  // of the last of the README's commands, which generate pores and find them
  for (std::string line; std::getline(readme, line);)
    if (const std::string program = "build/release/bin/amdefect "; line.starts_with(program)) {
      ready = world.run(line.substr(program.size()));
      CAPTURE(line);
      CHECK(ready.err == "");
      CHECK(ready.code == 0);
    }
  CHECK(first_line(ready) == "no --weights given: using the ready model lpbf");
  const std::string found = read(world.path("output/pores_found/detections.csv"));
  CHECK(std::count(found.begin(), found.end(), '\n') > 20);
  fs::remove_all(world.path("output"));
  const Outcome measured = world.run("eval data --split test --weights lpbf --output_dir ready_eval --threads 1");
  INFO(measured.err);
  CHECK(measured.code == 1);  // other categories
  CHECK(measured.err.find("expected those that the model was trained with (0 defects-Resz-FKix, 1 defect)") !=
        std::string::npos);
  const Outcome tuned = world.run(
      "train data --epochs 1 --crop_size 64 --threads 1 --pretrained lpbf --output_dir tuned --eval_interval 1");
  INFO(tuned.err);
  CHECK(tuned.code == 0);
  CHECK(tuned.out.find("lpbf.safetensors with what fits, 118 of 126 weights: it has 2 classes, this model has 4\n"
                       "  stem                  5 taken\n"
                       "  stage1, 2, 3          15 taken (each)\n") != std::string::npos);
  CHECK(tuned.out.find("  score4, 8, 16, 32     5 taken, 2 left: has shape ") != std::string::npos);
  CHECK(nlohmann::json::parse(read(world.path("tuned/config.json")))["pretrained"] == "lpbf");

  fs::create_directories(world.path("output"));
  fs::copy_file(world.path("tuned/best.safetensors"), world.path("output/best.safetensors"));
  const Outcome own = world.run("predict --no-pictures --output_dir own" + picture);
  CHECK(own.code == 0);
  CHECK(first_line(own) == "no --weights given: using output/best.safetensors");
  fs::remove_all(world.path("output"));

  const Outcome missing = world.run("predict" + picture, "env AMDEFECT_MODELS=/nowhere");
  CHECK(missing.code == 1);
  CHECK(missing.err ==
        "amdefect: error: ready models: 'lpbf' is not at /nowhere/lpbf.safetensors, where it is "
        "installed beside the program; set AMDEFECT_MODELS to the folder that holds it (data/models of "
        "amdefect's sources)\n");
  CHECK_FALSE(fs::exists(world.path("output")));
}

TEST_CASE("predict stopped by Ctrl-C leaves neither temporary files nor lists") {
  const World& world = World::get();
  write(world.path("interrupt_predict.sh"), R"sh("$@" &
while kill -0 $! && ! ls stopped/.amdefect-tmp-*; do sleep 0.005; done
kill -TERM $!
wait $!
)sh");
  std::string images;
  for (int i = 0; i < 200; ++i) images += " data/train";
  const Outcome outcome =
      world.run("predict --no-pictures --output_dir stopped --weights model/best.safetensors" + images,
                "bash -m interrupt_predict.sh");
  CHECK(outcome.code == 130);
  CHECK(outcome.err.find("interrupted after ") != std::string::npos);
  CHECK(std::distance(fs::directory_iterator(world.path("stopped")), fs::directory_iterator()) == 1);  // its lock
  CHECK(fs::exists(world.path("stopped/.amdefect-run")));
}
