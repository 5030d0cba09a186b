// What a run that goes on does about best weights that are no longer there or damaged, and about another number of
// epochs.
#include "amdefect/detection/training/resumed_run.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contains.hpp"
#include "detection/tiny_training.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// A run of which the first epoch is the best, and trainings that go on from it.
class FirstIsBest {
 public:
  FirstIsBest() { train("run", "", 2); }

  /// Trains to so many epochs and returns all lines of the log. Later epochs are worse than the first, and better than
  /// the one before.
  std::string train(const std::string& output, const std::string& from, Index epochs) {
    DetectorTrainerOptions options = tiny_options();
    options.epochs = epochs;
    if (!output.empty()) options.output_folder = folder_ / output;
    if (!from.empty()) options.resume = folder_ / from / "last.safetensors";
    std::string lines;
    options.log = [&](const std::string& line) { lines += line + '\n'; };
    DetectorTrainer trainer(splits_, options);
    auto watch = std::make_unique<Watch>();
    watch->measured = [](auto&, EpochLog& log) {
      log.values[0].second = log.epoch == 1 ? 1 : 9 - static_cast<double>(log.epoch);  // the loss
    };
    trainer.add(std::move(watch));
    weights_ = weights_of(*trainer.fit());
    best_epoch_ = trainer.best_epoch();
    return lines;
  }
  /// A copy of the run.
  void copy_run(const std::string& name) const {
    std::filesystem::copy(folder_ / "run", folder_ / name, std::filesystem::copy_options::recursive);
  }
  std::filesystem::path best(const std::string& run) const { return folder_ / run / "best.safetensors"; }
  const std::vector<float>& weights() const { return weights_; }
  Index best_epoch() const { return best_epoch_; }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  CocoSplits splits_ = write_data(folder_);
  std::vector<float> weights_;
  Index best_epoch_ = 0;
};

}  // namespace

TEST_CASE("a resumed run has the best weights of all its epochs, with and without a folder of its own") {
  FirstIsBest runs;
  const std::vector<float> first = runs.weights();
  for (const char* output : {"run", "elsewhere", ""}) {
    CAPTURE(output);
    const std::string lines = runs.train(output, "run", 3);
    CHECK(!contains(lines, "missing"));
    CHECK(runs.best_epoch() == 1);
    CHECK(runs.weights() == first);
  }
}

TEST_CASE("best weights that are missing are said to be, and the next ones are the best, by every account") {
  FirstIsBest runs;
  const std::vector<float> first = runs.weights();
  for (const std::string output : {"gone", "elsewhere", ""}) {
    CAPTURE(output);
    std::filesystem::remove_all(runs.folder() / "gone");
    runs.copy_run("gone");
    std::filesystem::remove(runs.best("gone"));
    const std::string lines = runs.train(output, "gone", 3);
    CHECK(contains(lines, concat("warning: ", runs.best("gone").string(),
                                 " is missing, with the weights of epoch 1; the best ones will be those of the epochs "
                                 "from here on\n")));
    CHECK(runs.best_epoch() == 3);
    CHECK(runs.weights() != first);
    if (!output.empty()) CHECK(weights_of(*open_detector(runs.best(output))) == runs.weights());
  }
  runs.copy_run("over");
  std::filesystem::remove(runs.best("over"));
  const std::string message = error_of([&] { runs.train("over", "over", 2); });
  CHECK(message == concat("train: cannot resume from ", (runs.folder() / "over" / "last.safetensors").string(), ": ",
                          runs.best("over").string(),
                          " is missing, and no epoch is left to write another; ask for more epochs"));
}

TEST_CASE("best weights that are damaged end a run before it goes on, and nothing is written") {
  FirstIsBest runs;
  const auto refused = [&](const std::string& name, const std::string& content, const std::string& reason) {
    CAPTURE(name);
    runs.copy_run(name);
    runs.folder().write(name + "/best.safetensors", content);
    const std::string before = runs.folder().read(name + "/last.safetensors");
    for (const std::string& output : {name, std::string("another"), std::string()}) {
      const std::string message = error_of([&] { runs.train(output, name, 3); });
      CHECK(contains(message, "its best weights are damaged: "));
      CHECK(contains(message, reason));
      CHECK(contains(message, "; move that file away to go on without them"));
    }
    CHECK(runs.folder().read(name + "/last.safetensors") == before);
    CHECK(!std::filesystem::exists(runs.best("another")));
  };
  const std::string whole = runs.folder().read("run/best.safetensors");
  refused("short", whole.substr(0, whole.size() - 8), "truncated");
  refused("empty", "", "best.safetensors");
  std::string changed = whole;
  for (std::size_t i = 0; i < 64; ++i) changed[changed.size() - 1 - 4 * i] ^= 2;  // exponents of the last weights
  refused("changed", changed, "fails its self-test");
}

TEST_CASE("another number of epochs is said to be one") {
  FirstIsBest runs;
  CHECK(!contains(runs.train("run", "run", 2), "note: the run"));
  CHECK(contains(runs.train("run", "run", 2),
                 "note: nothing is left to train: the run has 2 epochs, the options ask for 2\n"));
  CHECK(contains(runs.train("run", "run", 1), "the run has 2 epochs, the options ask for 1\n"));
  CHECK(contains(runs.train("run", "run", 4),
                 "note: the run was to have 2 epochs, now it is to have 4: the learning rate goes on from 0.00"));
  CHECK(contains(runs.train("run", "run", 6), "note: the run was to have 4 epochs, now it is to have 6"));
}
