#include <nlohmann/json.hpp>

#include "program/world.hpp"

using namespace amdefect::program_test;

TEST_CASE("a run does not continue on other data") {
  const World& world = World::get();
  const auto check_refused = [&](const std::string& folder, const std::string& message) {
    check_fails(
        "train --dataset_path " + folder +
            " --model paper --img_size 32 --batch_size 4 --outputs_per_example 1 --eval_interval 2 --output_dir "
            "elsewhere --epochs 3 --resume model/last.safetensors",
        message);
  };
  fs::copy(world.path("data"), world.path("more"), fs::copy_options::recursive);
  const auto is_picture = [](const fs::path& path) { return path.extension() == ".jpg" || path.extension() == ".png"; };
  std::vector<fs::path> pictures;
  for (const auto& entry : fs::directory_iterator(world.path("more/train")))
    if (is_picture(entry.path())) pictures.push_back(entry.path());
  REQUIRE(pictures.size() == 8);
  fs::copy_file(pictures[0], pictures[1], fs::copy_options::overwrite_existing);
  check_refused("more",
                "with other pictures: of the 8 that it was trained with, 7 are among the 8 of "
                "more/train/_annotations.coco.json; resume with the data of then, or begin another run");

  auto json = nlohmann::json::parse(read(world.path("more/train/_annotations.coco.json")));
  json["annotations"].erase(0);
  write(world.path("more/train/_annotations.coco.json"), json.dump());
  check_refused(
      "more",
      "with other annotations: more/train/_annotations.coco.json is another file than that of the train split "
      "when the run was begun, or was changed; resume with the data of then");
}

TEST_CASE("a run of which nothing is left to train says so, needs its best weights, and keeps its configuration") {
  const World& world = World::get();
  fs::copy(world.path("model"), world.path("finished"), fs::copy_options::recursive);
  const std::string configuration = read(world.path("finished/config.json"));
  const auto resumed = [&](const std::string& epochs) {
    const Outcome outcome = world.run(world.train("finished", "--resume --epochs " + epochs));
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    return outcome.out;
  };
  for (const std::string epochs : {"2", "1"}) {
    CHECK(resumed(epochs).find("note: nothing is left to train: the run has 2 epochs, the options ask for " + epochs) !=
          std::string::npos);
    CHECK(read(world.path("finished/config.json")) == configuration);
  }
  CHECK(world.run(world.train("finished", "--resume --epochs 2 --box_bins 1")).code == 0);  // the default once
  CHECK(resumed("3").find("note: the run was to have 2 epochs, now it is to have 3: the learning rate goes on from ") !=
        std::string::npos);
  CHECK(read(world.path("finished/config.json")) != configuration);
  const std::string best = read(world.path("finished/best.safetensors"));
  write(world.path("finished/best.safetensors"), best.substr(0, best.size() / 2));
  check_fails(world.train("finished", "--resume --epochs 4"),
              "cannot resume from finished/last.safetensors: its best weights are damaged: ");
  fs::remove(world.path("finished/best.safetensors"));
  check_fails(world.train("finished", "--resume --epochs 3"),
              "finished/best.safetensors is missing, and no epoch is left to write another; ask for more epochs");
  CHECK(resumed("4").find("warning: finished/best.safetensors is missing") != std::string::npos);
  CHECK(fs::exists(world.path("finished/best.safetensors")));
}

TEST_CASE("a run that is stopped by Ctrl-C continues exactly") {
  const World& world = World::get();
  // Ctrl-C as soon as the log has its heading and a first epoch: most of the run is still to come.
  write(world.path("interrupt.sh"), R"sh("$@" &
while kill -0 $! && [ "$(cat pieces/training_log.csv | wc -l)" -lt 2 ]; do sleep 0.005; done
kill -TERM $!
wait $!
)sh");
  for (const std::string model : {"paper", "anchor-free-n"}) {
    CAPTURE(model);
    for (const char* folder : {"whole", "pieces"}) fs::remove_all(world.path(folder));
    const bool paper = model == "paper";  // whose epochs take a second each, which leaves time to interrupt few of them
    const std::string epochs = paper ? "5" : "20";
    const std::string more = "--epochs " + epochs + (paper ? "" : " --crop_size 64 --network " + tiny);
    REQUIRE(world.run(world.train("whole", more, model)).code == 0);
    const Outcome stopped = world.run(world.train("pieces", more, model), "bash -m interrupt.sh");
    CHECK(stopped.code == 130);
    CHECK(stopped.out.find("continue with the same options and --resume") != std::string::npos);
    CHECK(losses(world.path("pieces/training_log.csv")) != losses(world.path("whole/training_log.csv")));
    const Outcome resumed = world.run(world.train("pieces", more + " --resume", model));
    CHECK(resumed.code == 0);
    CHECK(resumed.out.find("epoch " + epochs + '/' + epochs) != std::string::npos);
    CHECK(resumed.out.find("epoch 1/" + epochs) == std::string::npos);  // it went on, and did not begin again
    CHECK(losses(world.path("pieces/training_log.csv")) == losses(world.path("whole/training_log.csv")));
    CHECK(read(world.path("pieces/best.safetensors")) == read(world.path("whole/best.safetensors")));
  }
}
