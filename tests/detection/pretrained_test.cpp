// What a training starts from: the ready model where it fits, adapted to the channels, and what is said of it.
#include "amdefect/detection/training/pretrained.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "contains.hpp"
#include "detection/tiny_training.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// What a training of a network for a moment says.
std::string log_of_training(const CocoSplits& splits, const AnchorFreeModel& network,
                            const std::optional<std::filesystem::path>& pretrained) {
  std::string said;
  DetectorTrainerOptions options = tiny_options();
  options.model = network;
  options.crops_per_epoch = 4;
  options.epochs = 1;
  options.pretrained = pretrained;
  options.log = [&](const std::string& line) { said += line + '\n'; };
  DetectorTrainer(splits, options).fit();
  return said;
}

}  // namespace

TEST_CASE("a training starts from the ready model if the network is like its own") {
  const std::filesystem::path lpbf = find_ready_model("lpbf");
  REQUIRE(!lpbf.empty());  // a build has it beside its programs
  CHECK(suggest_pretrained(anchor_free_n()) == lpbf);
  AnchorFreeModel other = anchor_free_n();
  other.levels = 6;
  other.classes = 7;
  other.channels = 5;
  other.box_bins = 16;
  CHECK(suggest_pretrained(other) == lpbf);
  other.squeeze_excite = true;
  CHECK(suggest_pretrained(other).empty());
  CHECK(suggest_pretrained(anchor_free_s()).empty());
  CHECK(suggest_pretrained(anchor_free_on("resnet18", 8)).empty());
  CHECK_THROWS_WITH_AS(find_ready_model("unheard"), doctest::Contains("there is no 'unheard'"), Error);

  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  CHECK(contains(log_of_training(splits, anchor_free_n(), {}), "starting from " + lpbf.string() + " with what fits"));
  CHECK(!contains(log_of_training(splits, anchor_free_n(), ""), "starting from"));
  CHECK(!contains(log_of_training(splits, tiny, {}), "starting from"));
  ::setenv(ready_models_variable, folder.path().c_str(), 1);
  const std::filesystem::path elsewhere = suggest_pretrained(anchor_free_n());
  CHECK(contains(log_of_training(splits, anchor_free_n(), {}),
                 "note: starting from random weights: 'lpbf' is not at " + (folder / "lpbf.safetensors").string()));
  ::unsetenv(ready_models_variable);
  CHECK(elsewhere.empty());
}

TEST_CASE("the first kernels of a detector for three channels are adapted to others") {
  const TemporaryFolder folder;
  AnchorFreeModel wide = tiny;
  Network<float> network = anchor_free_network<float>(wide);
  network.initialize(1);
  save_weights(folder / "three.safetensors", network.parameters());
  const auto stem_of = [](const Network<float>& of) {
    for (const Parameter& p : of.parameters().list())
      if (p.shape.rank() == 4) return of.parameters().value(p);
    throw Error("no kernel");
  };
  const auto kernel = stem_of(network);
  wide.channels = 5;
  Network<float> wider = anchor_free_network<float>(wide);
  wider.initialize(2);
  CHECK(contains(load_pretrained(folder / "three.safetensors", wide, wider), "adapted to the channels"));
  const auto adapted = stem_of(wider);
  REQUIRE(adapted.dim(2) == 5);
  for (Index y = 0; y < adapted.dim(0); ++y)
    for (Index x = 0; x < adapted.dim(1); ++x)
      for (Index c = 0; c < 5; ++c)
        for (Index o = 0; o < adapted.dim(3); ++o)
          CHECK(adapted(y, x, c, o) == doctest::Approx(kernel(y, x, c % 3, o) * 3 / 5));
}

TEST_CASE("who starts from a detector that has seen the validation images is told so") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  DetectorTrainerOptions options = tiny_options();
  options.epochs = 1;
  options.output_folder = folder / "run";
  DetectorTrainer(splits, options).fit();
  const std::string warning = seen_warning(folder / "run", *splits.valid);
  CHECK(contains(warning, "best.safetensors was trained on 6 of the 6 images of the valid split (0.png, ...)"));
  CHECK(contains(log_of_training(splits, tiny, folder / "run"), "warning: " + warning));

  const TemporaryFolder others;
  const CocoSplits unseen = write_data(others, 80, 220);
  CHECK(seen_warning(folder / "run", *unseen.valid).empty());
  CHECK(!contains(log_of_training(unseen, tiny, folder / "run"), "best.safetensors was trained on"));
}
