#include <cmath>

#include "amdefect/data/memory_source.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "error_of.hpp"
#include "tiny_training.hpp"

namespace amdefect::sensors_test {

/// Pictures of a sensor whose numbers are far from grey levels, and of a second one; a square that the first one shows.
std::shared_ptr<const BasicMemorySource<float>> make_pictures(bool second_known = true) {
  std::vector<BasicSample<float>> samples;
  for (Index i = 0; i < 6; ++i) {
    Random random(4, i);
    BasicImage<float> image(40, 40, 2);
    for (Index y = 0; y < 40; ++y)
      for (Index x = 0; x < 40; ++x) {
        const bool inside = y >= 10 && y < 22 && x >= 4 * i && x < 4 * i + 12;
        image(y, x, 0) = static_cast<float>(random.normal(inside ? 2100 : 2000, 5));
        image(y, x, 1) = static_cast<float>(random.normal(0.01, 0.001));
        if (!second_known) image(y, x, 1) = std::nanf("");
      }
    const auto left = static_cast<double>(4 * i);
    samples.push_back({std::move(image), {{{left, 10, left + 12, 22}, 0}}, {}});
  }
  return std::make_shared<const BasicMemorySource<float>>(std::move(samples));
}

PictureSource source_of(std::shared_ptr<const BasicSampleSource<float>> pictures) {
  return {
      .channels = 2, .open_numbers = [=](const CocoSplit&) { return pictures; }, .channel_names = {"kelvin", "share"}};
}

struct Run {
  CocoSplits splits{};
  DetectorTrainerOptions options = tiny_options();

  explicit Run(double channel_dropout = 0) {
    splits.train = memory_split("train", {"square"}, *make_pictures());
    splits.valid = memory_split("valid", {"square"}, *make_pictures());
    options.pictures = source_of(make_pictures());
    options.pretrained = "";
    options.flip_test = false;
    options.channel_dropout = channel_dropout;
    measure_scale(options, splits);
  }
};

TEST_CASE("a detector learns from the numbers of sensors, and its file keeps their scales and names") {
  Run run;
  run.options.epochs = 40;
  run.options.crops_per_epoch = 32;
  run.options.learning_rate = 1e-2;
  const TemporaryFolder folder;
  const std::unique_ptr<Detector> detector = DetectorTrainer(run.splits, run.options).fit();
  CHECK(evaluate(*detector, *run.splits.valid, {.pictures = run.options.pictures}).metrics.ap50 > 0.8);
  detector->save(folder / "d.safetensors");
  const std::unique_ptr<Detector> opened = open_detector(folder / "d.safetensors");
  CHECK(opened->traits() == detector->traits());
  CHECK(opened->traits().sensors == SensorTraits{{"kelvin", "share"}, true, 0});
  const PixelScaling& scaling = opened->traits().pixel_scaling;
  CHECK(scaling.channel_offsets.at(0) == doctest::Approx(2009).epsilon(0.001));
  CHECK(scaling.channel_offsets.at(1) == doctest::Approx(0.01).epsilon(0.01));
  CHECK(scaling.channel_scales.at(1) == doctest::Approx(0.001).epsilon(0.05));
  const auto sample = make_pictures()->load(2);
  CHECK(opened->detect(pixels(sample->image)) == detector->detect(pixels(sample->image)));
}

TEST_CASE("a detector of grey levels, some of them unknown, is not one of the numbers of sensors") {
  Run run;
  run.options.pictures.own_numbers = false;
  const std::unique_ptr<Detector> detector = DetectorTrainer(run.splits, run.options).fit();
  CHECK(!detector->traits().sensors.own_numbers);
  CHECK_NOTHROW(evaluate(*detector, *run.splits.valid, {.pictures = run.options.pictures}));
}

TEST_CASE("what a sensor does not know is its mean") {
  const Run run;
  const std::unique_ptr<Detector> detector = DetectorTrainer(run.splits, run.options).fit();
  const EvaluateOptions unknown{.pictures = source_of(make_pictures(false))};
  const auto results = evaluate(*detector, *run.splits.valid, unknown).results;
  std::vector<BasicSample<float>> means;
  for (Index i = 0; i < 6; ++i) {
    const auto sample = make_pictures()->load(i);
    means.push_back({sample->image.clone(), sample->objects, {}});
    for (Index p = 0; p < 1600; ++p)
      means.back().image.values()[static_cast<std::size_t>(2 * p + 1)] =
          static_cast<float>(run.options.pixel_scaling.channel_offsets[1]);
  }
  const auto filled = std::make_shared<const BasicMemorySource<float>>(std::move(means));
  const auto expected = evaluate(*detector, *run.splits.valid, {.pictures = source_of(filled)}).results;
  REQUIRE(results.size() == expected.size());
  CHECK(results.size() > 0);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].box == expected[i].box);
    CHECK(results[i].score == expected[i].score);
  }
}

TEST_CASE("channel dropout changes a training, the same way for a seed, and is told by the file") {
  const auto trained = [](double dropout) {
    const Run run(dropout);
    return DetectorTrainer(run.splits, run.options).fit();
  };
  const auto without = trained(0), with = trained(0.5), again = trained(0.5);
  AnchorFreeModel of_two = tiny;
  of_two.channels = 2;
  CHECK(weights_of(*with, of_two) == weights_of(*again, of_two));
  CHECK(weights_of(*with, of_two) != weights_of(*without, of_two));
  CHECK(with->traits().sensors.channel_dropout == 0.5);
  Run run(0.5);
  run.options.pictures.never_missing = 1;
  CHECK_NOTHROW(DetectorTrainer(run.splits, run.options));
  run.options.pictures.never_missing = 2;
  CHECK(error_of([&] { DetectorTrainer(run.splits, run.options); }) ==
        "channel dropout: there is no further sensor that could be missing");
}

TEST_CASE("pictures of other channels than in training are not measured") {
  const Run run;
  const std::unique_ptr<Detector> detector = DetectorTrainer(run.splits, run.options).fit();
  const auto problem = [&](const EvaluateOptions& options) {
    return error_of([&] { evaluate(*detector, *run.splits.valid, options); });
  };
  PictureSource pictures = source_of(make_pictures());
  pictures.channel_names = {"share", "kelvin"};
  CHECK(problem({.pictures = pictures}) ==
        "channels: the detector was trained with 'kelvin', 'share' in this order, got 'share', 'kelvin'");
  pictures.channel_names.clear();
  CHECK_NOTHROW(evaluate(*detector, *run.splits.valid, {.pictures = pictures}));
  pictures.channels = 3;
  CHECK(problem({.pictures = pictures}) == "channels: the pictures have 3, but the detector was trained with 2");
  const PictureSource levels{.channels = 2, .open = [](const CocoSplit&) { return nullptr; }};
  CHECK(problem({.pictures = levels}) ==
        "channels: the detector was trained with the numbers that sensors measure, got grey levels");
  CHECK(problem({}) ==
        "channels: the detector was trained with the numbers of 'kelvin', 'share': say where their "
        "pictures are (sensors)");
}

TEST_CASE("a training goes on only with the same sensors and scales") {
  for (const bool given : {false, true}) {  // the identity, as by the program, which does not know what is measured
    const TemporaryFolder folder;
    Run run;
    if (given) run.options.identity = JsonValue::object();
    run.options.output_folder = folder / "run";
    run.options.pictures.identity = "here";
    run.options.epochs = 1;
    DetectorTrainer(run.splits, run.options).fit();
    run.options.resume = folder / "run/last.safetensors";
    run.options.epochs = 2;
    const auto problem = [&](const auto& change) {
      Run other = run;
      change(other.options);
      return error_of([&] { DetectorTrainer(other.splits, other.options).fit(); });
    };
    CHECK(problem([](auto& options) {
            options.pictures.identity = "there";
          }).ends_with("with another sensors: the run was started with here, now it is there"));
    CHECK(problem([](auto& options) {
            options.augment.extra_shift = 3;
          }).ends_with("with another extra_shift: the run was started with none, now it is 3.0"));
    CHECK(problem([](auto& options) { options.pixel_scaling.channel_offsets[0] += 1; }).find("another pixel_scaling") !=
          std::string::npos);
    CHECK_NOTHROW(DetectorTrainer(run.splits, run.options).fit());
  }
}

TEST_CASE("channels of one name are not trained with channel dropout") {
  Run run(0.5);
  run.options.pictures.channel_names = {"share", "share"};
  CHECK(error_of([&] {
          DetectorTrainer(run.splits, run.options);
        }).starts_with("channels: the name 'share' is there twice"));
  run.options.channel_dropout = 0;
  CHECK_NOTHROW(DetectorTrainer(run.splits, run.options));
}

TEST_CASE("folders of further channels are names in the file of a detector") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  for (const char* split : {"train", "valid"})
    for (int i = 0; i < 6; ++i) {
      std::filesystem::create_directories(folder / split / "thermal");
      save_image(folder / split / "thermal" / (std::to_string(i) + ".png"), Image(40, 40, 1, 90));
    }
  DetectorTrainerOptions options = tiny_options();
  options.pretrained = "";
  options.extra_image_folders = {"thermal"};
  const auto detector = DetectorTrainer(splits, options).fit();
  CHECK(detector->traits().sensors == SensorTraits{{"red", "green", "blue", "thermal"}, false, 0});
  // Who measures it need not name them, and cannot take others for them.
  const auto results = evaluate(*detector, *splits.valid, {.extra_image_folders = {"thermal"}}).results;
  CHECK(evaluate(*detector, *splits.valid).results.size() == results.size());
  CHECK(error_of([&] {
          evaluate(*detector, *splits.valid, {.extra_image_folders = {"depth"}});
        }).starts_with("extra_image_folders: 'depth' is none of the channels"));
}

}  // namespace amdefect::sensors_test
