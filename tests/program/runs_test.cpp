#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "amdefect/detection/open_detector.hpp"
#include "program/world.hpp"

// What runs may not do to each other, and what they remember.
using namespace amdefect;
using namespace amdefect::program_test;

namespace {

const std::string quick = " --epochs 1 --eval_interval 1 --batch_size 4 --threads 1 --crop_size 64 --network " + tiny;

/// The data of the world in one annotation file, with ids of categories of one's own.
void write_one_file(const std::string& folder, const std::vector<std::int64_t>& category_ids) {
  const World& world = World::get();
  nlohmann::json all{{"images", nlohmann::json::array()}, {"annotations", nlohmann::json::array()}};
  std::int64_t image_id = 0, annotation_id = 0;
  fs::create_directories(world.path(folder));
  for (const std::string split : {"train", "valid", "test"}) {
    const auto json = nlohmann::json::parse(read(world.path("data/" + split + "/_annotations.coco.json")));
    std::map<std::int64_t, std::int64_t> ids;
    for (auto image : json["images"]) {
      const std::string name = split + image["file_name"].get<std::string>();
      fs::copy_file(world.path("data/" + split) / image["file_name"].get<std::string>(), world.path(folder) / name);
      ids[image["id"]] = ++image_id;
      image["id"] = image_id;
      image["file_name"] = name;
      all["images"].push_back(image);
    }
    for (auto annotation : json["annotations"]) {
      annotation["id"] = ++annotation_id;
      annotation["image_id"] = ids.at(annotation["image_id"]);
      annotation["category_id"] = category_ids.at(annotation["category_id"]);
      all["annotations"].push_back(annotation);
    }
    all["categories"] = json["categories"];
  }
  for (std::size_t i = 0; i < category_ids.size(); ++i) all["categories"][i]["id"] = category_ids[i];
  write(world.path(folder) / "all.json", all.dump());
}

}  // namespace

TEST_CASE("a folder with a run is not used again, unless the run is replaced, and then as a whole") {
  const World& world = World::get();
  REQUIRE(world.run("train data --output_dir once" + quick).code == 0);
  const std::string kept = read(world.path("once/best.safetensors"));
  check_fails("train data --seed 1 --output_dir once" + quick,
              "the folder 'once' holds best.safetensors of an earlier run: give another folder, continue that run "
              "(resume), or replace its results (overwrite)");
  check_fails("train data --model blob --output_dir once", "of an earlier run");
  check_fails(world.train("once", "--epochs 1"), "of an earlier run");
  for (const std::string overwrite : {"", " --overwrite"}) {
    check_fails("eval data --weights once --output_dir once" + overwrite,
                "holds best.safetensors, a result of 'train'");
    check_fails("predict data/test --weights once --output_dir once" + overwrite, "a result of 'train'");
  }
  CHECK(read(world.path("once/best.safetensors")) == kept);
  CHECK(world.run("train data --model blob --overwrite --output_dir once").code == 0);
  CHECK(read(world.path("once/best.safetensors")) != kept);
  for (const char* name : {"last.safetensors", "config.json", "training_log.csv", "history.json", "report.html"})
    CHECK(!fs::exists(world.path("once") / name));
  // A configuration that was written by a run that replaced another one does not replace a third.
  CHECK(world.run("train data --overwrite --output_dir once" + quick).code == 0);
  check_fails("train --config once/config.json", "of an earlier run");
}

TEST_CASE("evaluations and predictions do not mix with earlier ones") {
  const World& world = World::get();
  const std::string eval = "eval data --weights model --output_dir kept_eval";
  REQUIRE(world.run(eval).code == 0);
  const std::string metrics = read(world.path("kept_eval/metrics.json"));
  check_fails(eval + " --score_threshold 0.9", "holds metrics.json of an earlier run: give another folder or replace");
  check_fails("predict data/test --weights model --output_dir kept_eval", "a result of 'eval'");
  CHECK(read(world.path("kept_eval/metrics.json")) == metrics);
  CHECK(world.run(eval + " --overwrite --score_threshold 0.9").code == 0);
  CHECK(read(world.path("kept_eval/metrics.json")) != metrics);
  check_fails(eval + " --overwrite --beside kept_eval", "kept_eval: is a folder, expected a file");

  const std::string predict = " --weights model --output_dir kept_pictures";
  REQUIRE(world.run("predict data/test" + predict).code == 0);
  CHECK(fs::exists(world.path("kept_pictures/synth_00002.png")));
  write(world.path("kept_pictures/mine.png"), "mine");
  check_fails("predict data/train/synth_00000.jpg" + predict, "of an earlier run");
  CHECK(world.run("predict data/train/synth_00000.jpg --overwrite" + predict).code == 0);
  CHECK(fs::exists(world.path("kept_pictures/synth_00000.png")));
  CHECK(!fs::exists(world.path("kept_pictures/synth_00002.png")));  // of the first call
  CHECK(read(world.path("kept_pictures/mine.png")) == "mine");
}

TEST_CASE("a folder in use by a training is refused, also to one that may overwrite") {
  const World& world = World::get();
  write(world.path("two_at_once.sh"), R"sh("$@" >/dev/null &
while kill -0 $! && [ ! -e twin/training_log.csv ]; do sleep 0.01; done
"$@" --overwrite 2>second.txt; echo $? >second_code.txt
kill -TERM $!
wait $!
)sh");
  const Outcome first = world.run(
      "train data --output_dir twin --epochs 500 --eval_interval 1 --batch_size 4 --threads 1 --crop_size 64 "
      "--network " +
          tiny,
      "bash -m two_at_once.sh");
  CHECK(first.code == 130);
  CHECK(read(world.path("second_code.txt")) == "1\n");
  CHECK(read(world.path("second.txt")).find("the folder 'twin' is in use by a run (train, process ") !=
        std::string::npos);
  CHECK(fs::exists(world.path("twin/last.safetensors")));
}

TEST_CASE("eval without a seed measures on the images that were not trained on, with any ids of categories") {
  const World& world = World::get();
  const std::vector<std::int64_t> ids{-7, 0, 9'000'000'000'000'000'001, -9'223'372'036'854'775'807 - 1};
  write_one_file("one", ids);
  const std::string data = "one/all.json";
  const Outcome trained = world.run("train " + data + " --seed 5 --output_dir seeded" + quick);
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const auto evaluated_ids = [&](const std::string& name) {
    std::set<std::int64_t> images;
    for (const auto& entry : nlohmann::json::parse(read(world.path(name) / "detections.json")))
      images.insert(entry["image_id"].get<std::int64_t>());
    return images;
  };
  const std::string eval = "eval " + data + " --min_score 0 --weights seeded --output_dir ";
  const Outcome same = world.run(eval + "seeded_5 --seed 5"), other = world.run(eval + "seeded_none");
  INFO(other.err);
  REQUIRE(same.code == 0);
  REQUIRE(other.code == 0);
  CHECK(evaluated_ids("seeded_none") == evaluated_ids("seeded_5"));
  CHECK(other.err.find("split as they were when the model was trained") != std::string::npos);
  CHECK(other.err.find("warning") == std::string::npos);
  const Outcome all = world.run(eval + "seeded_train --split train");
  CHECK(all.err.find("warning: the detector was trained on 12 of the 12 images of the train split") !=
        std::string::npos);
  CHECK(nlohmann::json::parse(read(world.path("seeded_train/metrics.json")))["images_trained_on"] == 12);

  std::vector<std::int64_t> sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  CHECK(open_detector(world.path("seeded"))->labels().category_ids == sorted);
  for (const std::string model : {"paper", "blob"}) {
    CAPTURE(model);
    REQUIRE(world
                .run("train " + data + " --seed 5 --epochs 1 --img_size 32 --threads 1 --model " + model +
                     " --output_dir seeded_" + model)
                .code == 0);
    const Outcome outcome =
        world.run("eval " + data + " --weights seeded_" + model + " --output_dir seeded_e_" + model);
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(outcome.err.find("split as they were") != std::string::npos);
    CHECK(world.run("predict one --weights seeded_" + model + " --output_dir seeded_p_" + model).code == 0);
  }
}

TEST_CASE("a picture that cannot be written does not stop the others, and any name is written") {
  const World& world = World::get();
  fs::create_directories(world.path("named"));
  const std::string longest(251, 'n');
  for (const std::string& name : {longest, std::string("blocked"), std::string("z")})
    fs::copy_file(world.path("data/test/synth_00000.jpg"), world.path("named") / (name + ".jpg"));
  fs::create_directories(world.path("named_out/blocked.png/in the way"));
  const Outcome outcome = world.run("predict named --html --weights model --output_dir named_out");
  CHECK(outcome.code == 1);
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  CHECK(outcome.err.find("named_out/blocked.png: Is a directory") != std::string::npos);
  CHECK(fs::exists(world.path("named_out") / (longest + ".png")));
  CHECK(fs::exists(world.path("named_out/z.png")));
  CHECK(nlohmann::json::parse(read(world.path("named_out/images.json")))["images"].size() == 3);
  CHECK(fs::exists(world.path("named_out/predictions.html")));
}

TEST_CASE("every number of every command is read in one way") {
  const std::string text = ", found 'nan'";
  for (const std::string option : {"train data --learning_rate",
                                   "train data --clip_norm",
                                   "train data --box_offset",
                                   "train data --minutes",
                                   "train data --epochs",
                                   "train data --mosaic",
                                   "train data --mixup",
                                   "train data --class_weights",
                                   "train data --early_stopping",
                                   "train data --hue_degrees",
                                   "train data --flip_x",
                                   "train data --seed",
                                   "train data --threads",
                                   "eval data --score_threshold",
                                   "eval data --min_score",
                                   "eval data --nms_iou",
                                   "eval data --soft_nms",
                                   "eval data --max_detections",
                                   "eval data --max_dets",
                                   "eval data --seed",
                                   "predict x --score_threshold",
                                   "predict x --threads",
                                   "bench --batch",
                                   "bench --steps",
                                   "bench --threads",
                                   "synth --train",
                                   "synth --img_size",
                                   "summary --num_classes",
                                   "summary --channels",
                                   "inspect data --threads",
                                   "coco-eval --max_dets",
                                   "coco-eval --threads"}) {
    const std::string name = option.substr(option.find("--"));
    check_fails(option + " nan", name + ": expected ", 2);
    check_fails(option + " nan", text, 2);
    check_fails(option + " 0,001x", ": expected ", 2);
    check_fails(option + " inf", ": expected ", 2);
  }
  const Outcome comma = World::get().run("train data --learning_rate 0,001");
  CHECK(comma.err.starts_with("amdefect: --learning_rate: expected a number from 1e-12 to 1000, found '0,001'\n"));
  check_fails("train data --epochs 1.5", "--epochs: expected a whole number from 0 to 1000000, found '1.5'", 2);
  check_fails("synth --seed -1", "--seed: expected a whole number from 0 to 9000000000000000000, found '-1'", 2);
  check_fails("train data --epochs " + std::string(500, '9'), "9999...'", 2);
  const World& world = World::get();
  write(world.path("whole.json"), R"({"epochs": 1.0, "batch_size": 8e0, "seed": 3.0, "eval_interval": 1})");
  const Outcome whole =
      world.run("train data --config whole.json --output_dir whole_numbers --crop_size 64 --network " + tiny);
  INFO(whole.err);
  CHECK(whole.code == 0);
  CHECK(nlohmann::json::parse(read(world.path("whole_numbers/config.json")))["epochs"] == 1);
}

TEST_CASE("the command line wins over a file, and what it replaces is named") {
  const World& world = World::get();
  write(world.path("conflicts.json"),
        R"({"dataset_path": "nowhere", "annotation_file": "none.json", "minutes": 30, "epochs": 7, "model": "paper",
            "network": {"stem": 9, "widths": [8], "blocks": [1]}, "resume": true, "eval_interval": 1, "threads": 1,
            "output_dir": "won"})");
  REQUIRE(world.run("train data --output_dir start --model anchor-free-n" + quick).code == 0);
  const Outcome outcome = world.run(
      "train data --config conflicts.json --epochs 1 --model anchor-free-n --pretrained start --crop_size 64");
  INFO(outcome.err);
  CHECK(outcome.code == 1);  // the network of the file does not count: that of the weights is another one
  for (const char* line :
       {"note: minutes of conflicts.json does not count beside --epochs\n",
        "note: network of conflicts.json does not count beside --model\n",
        "note: annotation_file of conflicts.json does not count beside --dataset_path\n",
        "note: resume of conflicts.json does not count beside --pretrained\n", "is of another architecture: stem 8"})
    CHECK(outcome.err.find(line) != std::string::npos);
  write(world.path("replay.json"), read(world.path("start/config.json")));
  const Outcome by_time = world.run("train --config replay.json --minutes 0.001 --output_dir by_time");
  INFO(by_time.err);
  CHECK(by_time.code == 0);
  CHECK(by_time.err == "note: epochs of replay.json does not count beside --minutes\n");
}

TEST_CASE("what cannot be printed is a failure") {
  for (const std::string arguments : {"--version", "--help", "train --help", "summary --model anchor-free-n"}) {
    const Outcome outcome = World::get().run(arguments, "sh -c '\"$@\" >/dev/full' sh");
    CAPTURE(arguments);
    CHECK(outcome.code == 1);
    CHECK(outcome.err == "amdefect: error: cannot write to the standard output\n");
  }
}
