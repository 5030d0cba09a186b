#include <nlohmann/json.hpp>
#include <set>

#include "amdefect/io/safetensors.hpp"
#include "amdefect/version.hpp"
#include "program/world.hpp"

using namespace amdefect;
using namespace amdefect::program_test;

namespace {

/// A training of a moment, whatever the model.
const std::string brief = " --epochs 1 --eval_interval 1 --batch_size 4 --threads 1 ";
const std::string tiny_net = " --crop_size 64 --network " + tiny;

nlohmann::json config_of(const std::string& run) {
  return nlohmann::json::parse(read(World::get().path(run) / "config.json"));
}

}  // namespace

TEST_CASE("without --model the anchor-free detector is trained, and a run's folder stands for its weights") {
  const World& world = World::get();
  const Outcome trained = world.run("train data --output-dir plain" + brief + tiny_net);
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(trained.err.empty());
  const nlohmann::json config = config_of("plain");
  CHECK(config["model"] == "anchor-free-n");
  CHECK(config["dataset_path"] == "data");
  CHECK(config["learning_rate"] == 2e-3);
  CHECK(config["early_stopping"] == 0);
  CHECK(config["flip_x"] == 0.5);
  CHECK(config["greyscale"] == 0);
  const Outcome evaluated = world.run("eval data --weights plain --output-dir plain/eval");
  INFO(evaluated.err);
  CHECK(evaluated.code == 0);
  CHECK(world.run("predict data/test --weights plain --output_dir plain/pictures --no-pictures").code == 0);
  CHECK(fs::exists(world.path("plain/pictures/detections.csv")));
  CHECK(world.run("inspect --dataset-path data").code == 0);
  const Outcome further = world.run("train data --output_dir further --pretrained plain" + brief + tiny_net);
  INFO(further.err);
  CHECK(further.code == 0);
  CHECK(config_of("further")["pretrained"] == "plain/best.safetensors");
}

TEST_CASE("checkpoints keep the names and values by which runs of before continue") {
  const World& world = World::get();
  REQUIRE(world.run("train data --model dense-n --output_dir stored" + brief + tiny_net).code == 0);
  CHECK(config_of("stored")["model"] == "anchor-free-n");
  const auto identity =
      nlohmann::json::parse(read_safetensors(world.path("stored/last.safetensors")).metadata().at("amdefect.config"));
  CHECK(identity["model"] == "dense-n");
  CHECK(identity["box_offset"] == 0);
  CHECK(identity["pretrained"] == false);
  std::set<std::string> keys;
  for (const auto& item : identity.items()) keys.insert(item.key());
  CHECK(keys == std::set<std::string>{"model",
                                      "network",
                                      "minutes",
                                      "crop_size",
                                      "box_bins",
                                      "mosaic",
                                      "box_loss",
                                      "score_loss",
                                      "class_weights",
                                      "img_size",
                                      "batch_size",
                                      "learning_rate",
                                      "pretrained",
                                      "eval_interval",
                                      "early_stopping",
                                      "num_classes",
                                      "seed",
                                      "raw_bce",
                                      "fit",
                                      "monitor",
                                      "clip_norm",
                                      "box_offset",
                                      "extra_image_folders",
                                      "outputs_per_example",
                                      "greyscale",
                                      "hue_degrees",
                                      "flip_x",
                                      "flip_y",
                                      "rotate",
                                      "crop",
                                      "brightness",
                                      "contrast",
                                      "training_annotations",
                                      "validation_annotations"});
  const Outcome resumed = world.run("train data --model anchor-free-n --resume --output_dir stored" + brief + tiny_net);
  INFO(resumed.err);
  CHECK(resumed.code == 0);
}

TEST_CASE("a configuration with the paper's keys trains the paper's network, as --model paper does") {
  const World& world = World::get();
  write(world.path("paper.json"), R"({"dataset-path": "data", "annotation_file": null, "img-size": 32, "batch_size": 4,
    "epochs": 2, "learning_rate": 1e-4, "output_dir": "by_file", "pretrained": false, "resume": false,
    "eval_interval": 2, "early_stopping": true, "num_classes": null, "gpu": null})");
  const std::string same = " --outputs_per_example 1 --threads 1 ";
  const Outcome by_file = world.run("train --config paper.json" + same);
  INFO(by_file.err);
  REQUIRE(by_file.code == 0);
  CHECK(by_file.out.starts_with("the paper's network, because paper.json has img_size"));
  CHECK(losses(world.path("by_file/training_log.csv")) == losses(world.path("model/training_log.csv")));
  CHECK(read(world.path("by_file/best.safetensors")) == read(world.path("model/best.safetensors")));
  CHECK(config_of("by_file")["early_stopping"] == 10);
  CHECK(config_of("by_file")["greyscale"] == 0.22);
  const Outcome other = world.run("train --config paper.json --model anchor-free-n --output_dir by_model --epochs 1" +
                                  std::string(" --threads 1") + tiny_net);
  INFO(other.err);
  CHECK(other.code == 0);
  CHECK(config_of("by_model")["model"] == "anchor-free-n");
}

TEST_CASE("the ready configuration of the paper's run has exactly the keys of the paper's script") {
  const auto json = nlohmann::json::parse(read(PAPER_CONFIG));
  std::set<std::string> keys;
  for (const auto& item : json.items()) keys.insert(item.key());
  CHECK(keys == std::set<std::string>{"dataset_path", "annotation_file", "img_size", "batch_size", "epochs",
                                      "learning_rate", "output_dir", "pretrained", "resume", "eval_interval",
                                      "early_stopping", "num_classes", "gpu"});
  const Outcome outcome = World::get().run("train --config '" PAPER_CONFIG
                                           "' data --img_size 32 --batch_size 4 --epochs 1 --output_dir ready");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(config_of("ready")["model"] == "paper");
}

TEST_CASE("options are the same with - and _, in every command and in configurations") {
  const World& world = World::get();
  const std::string files = "coco-eval --annotations data/test/_annotations.coco.json --detections none.json";
  write(world.path("none.json"), "[]");
  const Outcome one = world.run(files + " --max-dets 1,10,100 --fix-known-bugs");
  CHECK(one.code == 0);
  CHECK(world.run(files + " --max_dets=1,10,100 --fix_known_bugs").out == one.out);
  check_fails("train data --learning-rate=-1", "--learning_rate", 2);
  check_fails("train data --learning-speed 1", "--learning-speed", 2);
  write(world.path("twice.json"), R"({"img-size": 32, "img_size": 64})");
  check_fails("train --config twice.json", "'img_size' is there twice");
  CHECK(world.run("bench --model dense-n --size 64 --batch 1 --steps 1 --threads 1 --mode infer").code == 0);
  CHECK(world.run("summary --model anchor-free-n").out == world.run("summary --model dense-n").out);
}

TEST_CASE("an option that the model does not look at is named") {
  const World& world = World::get();
  const Outcome outcome = world.run(world.train("unused_paper", "--epochs 1 --mosaic 0.2 --box-loss ciou"));
  CHECK(outcome.code == 0);
  CHECK(outcome.err ==
        "warning: --mosaic has no effect for --model paper\nwarning: --box_loss has no effect for --model paper\n");
  const Outcome blob = world.run("train data --model blob --learning_rate 1 --output_dir unused_blob");
  CHECK(blob.err == "warning: --learning_rate has no effect for --model blob\n");
}

TEST_CASE("the version is that of the headers") {
  const Outcome outcome = World::get().run("--version");
  CHECK(outcome.code == 0);
  CHECK(outcome.out == "amdefect " + std::string(version) + "\n");
  CHECK(version == PROJECT_VERSION);
}
