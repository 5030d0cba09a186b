#include <nlohmann/json.hpp>

#include "contains.hpp"
#include "program/world.hpp"

using namespace amdefect;
using namespace amdefect::program_test;

TEST_CASE("a review by models of two folds becomes decisions, and these a corrected file") {
  const World& world = World::get();
  for (const std::string fold : {"1", "2"}) {
    const Outcome trained = world.run("train data --pretrained false --epochs 1 --crop_size 64 --threads 1 --network " +
                                      tiny + " --fold " + fold + "/2 --output_dir review_fold" + fold);
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    CHECK(contains(trained.out, "training on 4 images"));
    CHECK(contains(trained.out, "validating on 4"));
  }
  const std::string review = "review data --threads 1 --output_dir review_";
  const Outcome both = world.run(review + "both --weights review_fold1 --weights review_fold2");
  INFO(both.err);
  REQUIRE(both.code == 0);
  CHECK(!contains(both.err, "left out"));
  CHECK(contains(both.out, "written: review.html, suggestions.json and detections.json in review_both\n"));
  CHECK(contains(read(world.path("review_both/review.html")), "decisions.json"));
  const Outcome one = world.run(review + "one --weights review_fold2");
  CHECK(one.code == 0);
  CHECK(contains(one.err, "note: 4 images left out: all models were trained on them\n"));
  const Outcome none =
      world.run(review + "none --weights review_fold1 --split valid --detections review_both/detections.json");
  CHECK(none.code == 1);
  CHECK(contains(none.err, "review: expected DATASET and either --weights or --detections, or --apply"));
  CHECK(world.run(review + "again --detections review_both/detections.json").code == 0);
  CHECK(read(world.path("review_again/suggestions.json")) == read(world.path("review_both/suggestions.json")));

  nlohmann::json decisions = nlohmann::json::parse(read(world.path("review_both/suggestions.json")));
  REQUIRE(decisions["suggestions"].size() > 2);
  decisions["decisions"] = decisions["suggestions"];
  decisions.erase("suggestions");
  for (auto& decision : decisions["decisions"]) decision["accepted"] = false;
  nlohmann::json& followed = *std::find_if(decisions["decisions"].begin(), decisions["decisions"].end(),
                                           [](const nlohmann::json& d) { return d["kind"] == "spurious"; });
  followed["accepted"] = true;
  write(world.path("decisions.json"), decisions.dump());
  const Outcome applied = world.run("review --apply decisions.json --output reviewed.json");
  INFO(applied.err);
  REQUIRE(applied.code == 0);
  nlohmann::json expected = nlohmann::json::parse(read(world.path("data/train/_annotations.coco.json")));
  nlohmann::json& annotations = expected["annotations"];
  annotations.erase(std::find_if(annotations.begin(), annotations.end(), [&](const nlohmann::json& annotation) {
    return annotation["id"] == followed["annotation"]["id"];
  }));
  CHECK(nlohmann::json::parse(read(world.path("reviewed.json"))) == expected);

  const Outcome twice = world.run("review --apply decisions.json --output reviewed.json");
  CHECK(twice.code == 1);
  CHECK(contains(twice.err, "reviewed.json: is there already"));
  decisions["annotation_file"] = "reviewed.json";
  write(world.path("decisions.json"), decisions.dump());
  const Outcome gone = world.run("review --apply decisions.json --output review_more.json");
  CHECK(gone.code == 1);
  CHECK(contains(gone.err, "reviewed.json has no annotation with id"));
  CHECK(!fs::exists(world.path("review_more.json")));
}

TEST_CASE("a fold that is none is refused") {
  const World& world = World::get();
  for (const char* fold : {"3/2", "0/2", "1/1", "a", "1/2/3"}) {
    const Outcome outcome = world.run(std::string("train data --epochs 1 --output_dir no_fold --fold ") + fold);
    CAPTURE(fold);
    CHECK(outcome.code != 0);
    CHECK(contains(outcome.err, "fold"));
    CHECK(!fs::exists(world.path("no_fold/best.safetensors")));
  }
}
