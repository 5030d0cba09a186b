// A training of a tiny detector on a data set of the test's own: what the options promise, and what is the detector in
// the end.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "amdefect/detection/open_detector.hpp"
#include "amdefect/image/image_io.hpp"
#include "detection/tiny_training.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

TEST_CASE("detector training: the first weights are those of the seed, and frozen ones stay") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  DetectorTrainerOptions options = tiny_options();
  options.epochs = 1;
  options.freeze = {"stem", "score4"};
  Network<float> fresh = anchor_free_network<float>(tiny);
  initialize_anchor_free(fresh, tiny, options.seed);
  std::vector<std::string> kept, changed;
  const auto detector = DetectorTrainer(splits, options).fit();
  detector->save(folder / "d.safetensors");
  Network<float> trained = anchor_free_network<float>(tiny);
  trained.parameters().allocate();
  load_weights(folder / "d.safetensors", trained.parameters());
  for (const Parameter& p : fresh.parameters().list()) {
    const bool same = (fresh.parameters().value(p).array() == trained.parameters().value(p).array()).all();
    if (!p.statistic) (same ? kept : changed).push_back(p.name);
    if (p.name.starts_with("stem") || p.name.starts_with("score4")) {
      CAPTURE(p.name);
      CHECK(same);
    }
  }
  CHECK(changed.size() > kept.size());

  options.freeze = {};
  options.learning_rate = 0;  // then nothing but the seed decides
  const auto weights = [&](std::uint64_t seed) {
    options.seed = seed;
    const auto made = DetectorTrainer(splits, options).fit();
    made->save(folder / "d.safetensors");
    load_weights(folder / "d.safetensors", trained.parameters());
    const TensorView<float> kernel = trained.parameters().value("stem.kernel");
    return std::vector<float>(kernel.begin(), kernel.end());
  };
  CHECK(weights(1) != weights(2));
  CHECK(weights(3) == weights(3));
}

TEST_CASE("detector training: the detector has the weights of the best epoch, with and without files") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  const auto train = [&](const std::filesystem::path& output, Index best) {
    DetectorTrainerOptions options = tiny_options();
    options.output_folder = output;
    DetectorTrainer trainer(splits, options);
    auto watch = std::make_unique<Watch>();
    watch->measured = [=](auto&, EpochLog& log) { log.values[0].second = log.epoch == best ? 1 : 2; };  // the loss
    trainer.add(std::move(watch));
    const auto detector = trainer.fit();
    CHECK(trainer.best_epoch() == best);
    CHECK(trainer.history().size() == 3);
    REQUIRE(trainer.validation());
    CHECK(trainer.validation()->metrics.match.score_threshold == detector->score_threshold());
    return weights_of(*detector);
  };
  const std::vector<float> first = train({}, 1), last = train({}, 3);
  CHECK(first != last);
  CHECK(train(folder / "first", 1) == first);
  CHECK(train(folder / "last", 3) == last);
  CHECK(weights_of(*open_detector(folder / "first" / "best.safetensors")) == first);
}

TEST_CASE("detector training: what lies beyond an image looks like the middle of the pixels' range") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder, 60, 60);  // nothing is to be seen
  for (const double offset : {60.0, 61.0}) {
    DetectorTrainerOptions options = tiny_options();
    options.epochs = 1;
    options.crop_side = 64;  // larger than the pictures
    options.pixel_scaling = {.offset = offset, .scale = 64};
    float largest = 0;
    DetectorTrainer trainer(splits, options);
    auto watch = std::make_unique<Watch>();
    watch->gradients = [&](auto&, Parameters<float>& p) {
      largest = std::max(largest, p.gradient("stem.kernel").array().abs().maxCoeff());
    };
    trainer.add(std::move(watch));
    trainer.fit();
    CHECK((largest == 0) == (offset == 60));  // an input of zeros gives a convolution no gradient
  }
}

TEST_CASE("detector training: average precision is measured every so many epochs, after the last, and where it stops") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  const auto measured = [&](Index interval, Index stop_after) {
    DetectorTrainerOptions options = tiny_options();
    options.monitor = "mAP50";
    options.eval_interval = interval;
    options.epochs = 5;
    std::vector<Index> epochs;
    DetectorTrainer trainer(splits, options);
    auto watch = std::make_unique<Watch>();
    watch->measured = [&](auto&, EpochLog& log) {
      if (log.find("mAP50")) epochs.push_back(log.epoch);
    };
    watch->epoch = [=](Trainer<float>& t) {
      if (static_cast<Index>(t.history().size()) == stop_after) t.stop();
    };
    trainer.add(std::move(watch));
    trainer.fit();
    return epochs;
  };
  CHECK(measured(2, 0) == std::vector<Index>{2, 4, 5});
  CHECK(measured(3, 4) == std::vector<Index>{3});
  // A training that ends by the clock says so before its last epoch is measured.
  const auto source = std::make_shared<const CocoSource>(*splits.valid);
  const auto network = std::make_shared<Network<float>>(anchor_free_network<float>(tiny));
  initialize_anchor_free(*network, tiny, 1);
  const DetectorLabels labels = labels_of(*splits.valid, 0);
  MeasureMap measure(
      [&] {
        return std::make_unique<AnchorFreeDetector>(network, AnchorFreeDescription{.model = tiny, .labels = labels});
      },
      source, 4);
  Trainer<float> trainer(*network, Adam{1e-3}, anchor_free_loss<float>(tiny));
  EpochLog log{.epoch = 1, .epochs = unlimited_epochs};
  measure.measure(trainer, log);
  CHECK(log.find("mAP50") == nullptr);
  trainer.stop();
  measure.measure(trainer, log);
  CHECK(log.find("mAP50") != nullptr);
}

TEST_CASE("detector training: options that suit the data") {
  const TemporaryFolder folder;
  CocoSplits splits = write_data(folder);
  AnnotationCheck check = check_annotations(*splits.train);
  CHECK(check.box_offset == 0);
  DetectorTrainerOptions options = suggest_options(splits, check);
  CHECK(options.slots == 4);  // a mosaic of four pictures with a box each
  CHECK(options.crop_side == 40);
  CHECK(options.model.levels == 4);
  CHECK(options.model.box_bins == 16);
  CHECK(suggest_options(splits, check, {.box_bins = 32}).model.box_bins == 32);
  CHECK(options.model.classes == 1);
  CHECK(options.box_offset == 0);
  CHECK(options.pixel_bits == 8);
  CHECK(options.monitor == "mAP50");
  for (CocoImage& image : splits.train->coco.images) image.width = 2000;
  check.box_offset = 0.5;
  check.by_image[2].resize(5);
  for (const auto& [side, crop, levels] :
       {std::tuple(100.0, 256, 4), {200.0, 400, 4}, {300.0, 600, 5}, {900.0, 640, 6}}) {
    check.sides.fill(side);
    options = suggest_options(splits, check, anchor_free_n(), 1);
    CHECK(options.crop_side == crop);
    CHECK(options.model.levels == levels);
  }
  CHECK(options.slots == 20);
  CHECK(options.box_offset == 0.5);
  splits.valid->coco.annotations.clear();
  CHECK(suggest_options(splits, check).monitor == "loss");
  splits.valid.reset();
  CHECK(suggest_options(splits, check).monitor == "loss");
}
