#include <doctest/doctest.h>

#include <limits>

#include "amdefect/distributed/thread_group.hpp"
#include "amdefect/optim/schedule.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "distributed/shapes_run.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// The results of the trainings of `count` processes.
template <class T>
std::vector<shapes::Result<T>> train_together(int count, const TrainerOptions& options, Index samples,
                                              bool with_norm = true, bool channels = true) {
  std::vector<shapes::Result<T>> results(static_cast<std::size_t>(count));
  run_as_group(
      count,
      [&](const std::shared_ptr<ProcessGroup>& group) {
        TrainerOptions mine = options;
        mine.group = group;
        results[static_cast<std::size_t>(group->rank())] = shapes::train<T>(mine, samples, with_norm);
      },
      channels);
  return results;
}

template <class T>
void check_like_one(int count, bool channels, double tolerance) {
  CAPTURE(count);
  CAPTURE(channels);
  // 5 updates in an epoch, the last one of a part of a batch: 100 = 4 * 24 + 4.
  const Index batch = 24 / count;
  const auto alone = shapes::train<T>({.epochs = 4, .batch_size = 24}, 100);
  const auto together = train_together<T>(
      count, {.epochs = 4, .batch_size = batch, .sync_batch_norm = true, .bucket_bytes = 256}, 100, true, channels);
  for (const auto& result : together) {
    CHECK(shapes::difference(result, alone) < tolerance);
    CHECK(result.weights == together[0].weights);
    REQUIRE(result.history.size() == 4);
    for (std::size_t epoch = 0; epoch < 4; ++epoch) {
      CHECK(result.history[epoch].at("loss") == doctest::Approx(alone.history[epoch].at("loss")).epsilon(tolerance));
      CHECK(result.history[epoch].at("val_loss") ==
            doctest::Approx(alone.history[epoch].at("val_loss")).epsilon(tolerance));
    }
  }
}

}  // namespace

TEST_CASE("processes with synchronised batch norm train as one with their batches together") {
  for (const int count : {2, 3, 4})
    for (const bool channels : {true, false}) {
      check_like_one<double>(count, channels, 1e-10);
      check_like_one<float>(count, channels, 1e-5);
    }
}

TEST_CASE("a group of one process is no group") {
  const TrainerOptions options{.epochs = 2, .batch_size = 8};
  const auto alone = shapes::train<float>(options, 30), together = train_together<float>(1, options, 30)[0];
  CHECK(alone.weights == together.weights);
  CHECK(alone.history[1].values == together.history[1].values);
}

TEST_CASE("without synchronised batch norm processes have the same weights and statistics, and other ones than one") {
  const auto alone = shapes::train<double>({.epochs = 2, .batch_size = 24}, 100);
  const auto together = train_together<double>(3, {.epochs = 2, .batch_size = 8}, 100);
  for (const auto& result : together) CHECK(result.weights == together[0].weights);
  CHECK(shapes::difference(together[0], alone) > 1e-4);
  CHECK(shapes::difference(together[0], alone) < 0.2);
}

TEST_CASE("gradients of several batches, the last update of an epoch of fewer, are those of one process") {
  // 100 = 3 * 24 + 28: batches of 24, 24, 24, 24 and 4, and so updates of 3 and of 2.
  const TrainerOptions options{.epochs = 3, .batch_size = 24, .accumulate = 3};
  TrainerOptions shared = options;
  shared.batch_size = 12;
  const auto alone = shapes::train<double>(options, 100, false);
  for (const auto& result : train_together<double>(2, shared, 100, false))
    CHECK(shapes::difference(result, alone) < 1e-10);
}

namespace {

/// Pictures of which one is broken.
class Broken : public shapes::Pictures<float> {
 public:
  using shapes::Pictures<float>::Pictures;
  void load(Index sample, Random& random, TensorView<float> x,
            std::span<const TensorView<float>> targets) const override {
    shapes::Pictures<float>::load(sample, random, x, targets);
    if (sample == 17) x[3] = std::numeric_limits<float>::quiet_NaN();
  }
};

struct Skips : Callback<float> {
  explicit Skips(std::vector<std::string>& lines) : lines_(lines) {}
  void on_skip(Trainer<float>&, const std::string& line) override { lines_.push_back(line); }
  std::vector<std::string>& lines_;
};

}  // namespace

TEST_CASE("a batch that one process has to skip is skipped by all, and all know why") {
  const Broken pictures(40);
  for (const bool synchronized : {true, false})
    for (const Index accumulate : {1, 2}) {
      CAPTURE(synchronized);
      CAPTURE(accumulate);
      std::vector<std::string> lines[2];
      std::vector<float> weights[2];
      run_as_group(2, [&](const std::shared_ptr<ProcessGroup>& group) {
        Network<float> net = shapes::network<float>();
        Trainer<float> trainer(net, Sgd<float>(0.05), softmax_cross_entropy(),
                               {.epochs = 2,
                                .batch_size = 5,
                                .execution = {.threads = 1},
                                .accumulate = accumulate,
                                .on_nonfinite = OnNonfinite::skip,
                                .group = group,
                                .sync_batch_norm = synchronized});
        trainer.add<Skips>(lines[group->rank()]);
        trainer.fit(pictures, pictures);
        const auto values = net.parameters().values();
        weights[group->rank()].assign(values.begin(), values.end());
      });
      CHECK(weights[0] == weights[1]);
      CHECK(detail::all_finite(TensorView<const float>(weights[0].data(), {static_cast<Index>(weights[0].size())})));
      CHECK(lines[0] == lines[1]);
      REQUIRE(lines[0].size() == 4);  // in each epoch one of the training and one of the validation
      for (const std::string& line : lines[0]) CHECK(line.find("in the input of sample 17") != std::string::npos);
    }
  CHECK(error_of([&] {
          run_as_group(2, [&](const std::shared_ptr<ProcessGroup>& group) {
            Network<float> net = shapes::network<float>();
            Trainer<float> trainer(net, Sgd<float>(0.05), softmax_cross_entropy(), {.batch_size = 5, .group = group});
            trainer.fit(pictures);
          });
        }).find("in the input of sample 17") != std::string::npos);
}

TEST_CASE("a run goes on with another number of processes; one process writes, and an interruption ends all") {
  const TemporaryFolder folder;
  const shapes::Pictures<double> pictures(96);
  // Interrupts the last process after some updates; the number of updates of this process.
  const auto train = [&](int count, Index batch, int updates, bool resume) {
    std::vector<double> weights;
    run_as_group(count, [&](const std::shared_ptr<ProcessGroup>& group) {
      struct After : Callback<double> {
        explicit After(int left) : left_(left) {}
        void on_step(Trainer<double>& trainer, const StepLog&) override {
          if (--left_ == 0) trainer.interrupt();
        }
        int left_;
      };
      Network<double> net = shapes::network<double>();
      CosineDecay schedule(0.05, 12);
      Sgd<double> sgd(SgdOptions{.momentum = 0.9});
      Trainer<double> trainer(net, sgd, schedule, softmax_cross_entropy(),
                              {.epochs = 3, .batch_size = batch, .group = group, .sync_batch_norm = true});
      if (group->rank() == count - 1) trainer.add<After>(updates);
      trainer.add(Checkpoint<double>(folder / "run", {.monitor = "loss", .overwrite = !resume}));
      if (resume) trainer.resume(folder / "run/last.safetensors");
      trainer.fit(pictures);
      CHECK(trainer.interrupted() == (updates > 0));
      if (group->rank() > 0) return;
      const auto values = net.parameters().values();
      weights.assign(values.begin(), values.end());
    });
    return weights;
  };
  const std::vector<double> whole = train(1, 24, -1, false);
  train(2, 12, 5, false);  // in the middle of the second epoch
  train(3, 8, 2, true);
  const std::vector<double> pieces = train(4, 6, -1, true);
  REQUIRE(pieces.size() == whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(pieces[i] == doctest::Approx(whole[i]).epsilon(1e-9));
}
