#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "amdefect/detection/training/detector_trainer.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

TEST_CASE("options of a detector's training without meaning are refused by their names") {
  const auto refused = [](const char* name, const auto& change) {
    DetectorTrainerOptions options;
    change(options);
    const std::string message = error_of([&] { check(options); });
    CAPTURE(message);
    CHECK(message.starts_with(concat("detector trainer: ", name, " is ")));
  };
  CHECK(error_of([] { check(DetectorTrainerOptions{}); }) == "no error");
  using Options = DetectorTrainerOptions;
  constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {-1.0, nan_value, std::numeric_limits<double>::infinity()}) {
    refused("minutes", [&](Options& o) { o.minutes = bad; });
    refused("learning_rate", [&](Options& o) { o.learning_rate = bad; });
    refused("weight_decay", [&](Options& o) { o.weight_decay = bad; });
    refused("clip_norm", [&](Options& o) { o.clip_norm = bad; });
    refused("mosaic", [&](Options& o) { o.mosaic = bad; });
    refused("copy_paste", [&](Options& o) { o.copy_paste = bad; });
    refused("mixup", [&](Options& o) { o.mixup = bad; });
    refused("random_erasing", [&](Options& o) { o.random_erasing = bad; });
    refused("average_decay", [&](Options& o) { o.average_decay = bad; });
    refused("score_threshold", [&](Options& o) { o.score_threshold = bad; });
    refused("box_offset", [&](Options& o) { o.box_offset = 2000 * bad; });
  }
  refused("epochs", [](Options& o) { o.epochs = -1; });
  refused("threads", [](Options& o) { o.execution.threads = -1; });
  refused("workers", [](Options& o) { o.workers = -1; });
}

TEST_CASE("changes of crops are named by a run only where they are on, as those of before do not know them") {
  DetectorTrainerOptions options;
  for (const char* key : {"copy_paste", "mixup", "random_erasing"}) CHECK(!identity_of(options).find(key));
  options.copy_paste = 0.1, options.mixup = 0.2, options.random_erasing = 0.3;
  const JsonValue identity = identity_of(options);
  CHECK(*identity.find("copy_paste") == JsonValue(0.1));
  CHECK(*identity.find("mixup") == JsonValue(0.2));
  CHECK(*identity.find("random_erasing") == JsonValue(0.3));
}

TEST_CASE("what is not the same run is said in the words of its user") {
  const TemporaryFolder folder;
  const JsonValue before{{"model", "dense-n"}, {"network", JsonValue()}, {"seed", 1}};
  write_safetensors(folder / "last.safetensors", {}, {{identity_key, before.to_text()}});
  const SafetensorsFile file = read_safetensors(folder / "last.safetensors");
  const auto error_with = [&](const char* key, const JsonValue& value) {
    JsonValue now = before;
    now.set(key, value);
    const std::string message = error_of([&] { require_same_run(file, now, {}); });
    return message.substr(message.find(" with another "));
  };
  CHECK(error_with("model", "dense-s") ==
        " with another model: the run was started with anchor-free-n, now it is anchor-free-s");
  CHECK(error_with("network", JsonValue{{"stem", 8}}) ==
        R"( with another network: the run was started with none, now it is {"stem":8})");
  CHECK(error_with("seed", 2) == " with another seed: the run was started with 1, now it is 2");
}

TEST_CASE("a run is resumed with its own annotations only, and the file that is another is named") {
  const TemporaryFolder folder;
  const auto split = [&](const char* name, const char* content) {
    return CocoSplit{.name = name,
                     .annotation_file = folder.write(std::string(name) + ".json", content),
                     .coco = {},
                     .image_files = {}};
  };
  CocoSplits splits;
  splits.train = split("train", "a");
  splits.valid = split("valid", "b");
  const auto file_of = [&](const std::string& name, const CocoSplits& of) {
    write_safetensors(folder / name, {}, {{identity_key, run_identity(JsonValue::object(), of).to_text()}});
    return read_safetensors(folder / name);
  };
  const auto error_from = [&](const SafetensorsFile& checkpoint) {
    return error_of([&] { require_same_run(checkpoint, run_identity(JsonValue::object(), splits), splits); });
  };
  const SafetensorsFile file = file_of("last.safetensors", splits);
  const std::string cannot = concat("train: cannot resume from ", file.path().string(), " with ");
  CHECK(error_from(file) == "no error");
  splits.valid = split("valid", "c");
  CHECK(error_from(file) ==
        concat(cannot, "other annotations: ", (folder / "valid.json").string(),
               " is another file than that of the valid split when the run was begun, or was changed; ",
               detail::what_to_do));
  splits.valid = split("valid", "b");
  splits.train = split("train", "c");
  CHECK(contains(error_from(file), concat(cannot, "other annotations: ", (folder / "train.json").string())));
  splits.train = split("train", "a");
  splits.valid.reset();
  CHECK(error_from(file) == cannot + "no validation split, because the run was begun with one");
  const SafetensorsFile without = file_of("without.safetensors", splits);
  splits.valid = split("valid", "b");
  CHECK(contains(error_from(without), "with a validation split, because the run was begun without one"));
}

TEST_CASE("a run is resumed with its own pictures only") {
  const TemporaryFolder folder;
  const std::string path = (folder / "last.safetensors").string();
  CocoSplits splits;
  splits.train.emplace();
  splits.train->annotation_file = folder / "train.json";
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    splits.train->coco.images.push_back({1, name, 0, 0});
    splits.train->image_files.push_back(folder.write(name, name));
  }
  splits.valid = splits.train;
  splits.valid->annotation_file = folder / "valid.json";
  const ImageMembership then = membership_of(splits);
  write_safetensors(path, {}, {{images_key, to_text(then)}});
  const SafetensorsFile file = read_safetensors(path);
  const auto error = [&] { return error_of([&] { require_same_images(file, membership_of(splits), splits); }); };
  CHECK(error() == "no error");
  folder.write("b.png", "changed");
  CHECK(error() == concat("train: cannot resume from ", path,
                          " with other pictures: of the 3 that it was trained with, 2 are among the 3 of ",
                          (folder / "train.json").string(), " (new or changed: b.png); ", detail::what_to_do));
  folder.write("b.png", "b.png");
  splits.valid->coco.images.pop_back();
  splits.valid->image_files.pop_back();
  CHECK(contains(error(), concat("of the 3 that it was validated with, 2 are among the 2 of ",
                                 (folder / "valid.json").string(), "; ")));
  splits.valid.reset();
  CHECK(contains(error(), "of the 3 that it was validated with, 0 are among the 0; "));
  write_safetensors(path, {}, {{"of", "0.1"}});
  CHECK_NOTHROW(require_same_images(read_safetensors(path), {.train = {1}}, splits));
}

TEST_CASE("splits that were made by hand are named in messages") {
  CHECK(error_of([] { CocoSplits{}.at("train"); }) == "the data set: has no train split");
}
