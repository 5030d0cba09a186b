// Whether a detector looks at mirror images: said by its file, chosen by the training.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amdefect/detection/open_detector.hpp"
#include "contains.hpp"
#include "detection/tiny_training.hpp"
#include "random_image.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

double ap50(const Detector& detector, const CocoSplit& split, bool flip_test) {
  return evaluate(detector, split, {.detect = {.min_score = default_min_score, .flip_test = flip_test}}).metrics.ap50;
}

/// What a short training gives and logs.
struct Trained {
  std::unique_ptr<Detector> detector;
  std::optional<DetectorEvaluation> validation;
  std::string log;
};
Trained train(const CocoSplits& splits, std::uint64_t seed, std::optional<bool> flip_test,
              const std::filesystem::path& output = {}) {
  Trained result;
  DetectorTrainerOptions options = tiny_options();
  options.epochs = 4;  // such that AP50 is between 0 and 1
  options.crops_per_epoch = 32;
  options.learning_rate = 0.005;
  options.seed = seed;
  options.eval_interval = 0;
  options.flip_test = flip_test;
  options.output_folder = output;
  options.log = [&](const std::string& line) { result.log += line + '\n'; };
  DetectorTrainer trainer(splits, options);
  result.detector = trainer.fit();
  result.validation = trainer.validation();
  return result;
}

}  // namespace

TEST_CASE("a detector looks at mirror images if its file says so and the caller nothing else") {
  const AnchorFreeDescription description{.model = tiny, .labels = {{"square"}, {1}}, .flip_test = true};
  auto network = std::make_shared<Network<float>>(anchor_free_network<float>(tiny));
  network->initialize(3);
  const AnchorFreeDetector detector(network, description, {.threads = 1});
  const Image image = random_image(40, 52, 3);
  const auto found = [&](const Detector& by, std::optional<bool> flip_test) {
    return by.detect(pixels(image), {.min_score = 0.0, .flip_test = flip_test});
  };
  CHECK(found(detector, {}) == found(detector, true));
  CHECK(found(detector, {}) != found(detector, false));

  const TemporaryFolder folder;
  detector.save(folder / "flips.safetensors");
  CHECK(found(*open_detector(folder / "flips.safetensors", {.threads = 1}), {}) == found(detector, true));
  AnchorFreeDescription without = description;
  without.flip_test = false;
  const AnchorFreeDetector plain(network, without, {.threads = 1});
  CHECK(found(plain, {}) == found(detector, false));
  CHECK(!contains(plain.description().to_text(), "flip_test"));
}

TEST_CASE("training decides by the validation split whether mirror images are worth their time") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  for (const int seed : {7, 8}) {
    const bool worth = seed == 7;
    const std::filesystem::path run = folder / concat("run", seed);
    const Trained trained = train(splits, static_cast<std::uint64_t>(seed), {}, run);
    const double plain = ap50(*trained.detector, *splits.valid, false),
                 flipped = ap50(*trained.detector, *splits.valid, true);
    CAPTURE(seed);
    CAPTURE(trained.log);
    CHECK((flipped >= plain + worthwhile_flip_gain) == worth);
    CHECK(contains(trained.detector->description().to_text(), "\"flip_test\":true") == worth);
    CHECK(contains(trained.log, worth ? "looks at them, too" : "not worth four times the time"));
    CHECK(trained.validation->metrics.ap50 == (worth ? flipped : plain));
    CHECK(open_detector(run, {.threads = 1})->description() == trained.detector->description());
    CHECK(trained.detector->score_threshold() ==
          trained.validation->metrics.curves.all.best_threshold().value_or(tiny_options().score_threshold));

    const Trained as_told = train(splits, static_cast<std::uint64_t>(seed), !worth);
    CHECK(contains(as_told.detector->description().to_text(), "\"flip_test\":true") == !worth);
    CHECK(as_told.validation->metrics.ap50 == (worth ? plain : flipped));
    CHECK(!contains(as_told.log, "mirror images"));
  }
}
