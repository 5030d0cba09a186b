// Each callback by itself: what it makes of an epoch's log, and what of it comes back from a checkpoint.
#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "amdefect/train/callbacks/progress.hpp"
#include "amdefect/train/callbacks/time_budget.hpp"
#include "amdefect/train/callbacks/weight_average.hpp"
#include "contains.hpp"
#include "temporary_folder.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

EpochLog epoch_log(Index epoch, double val_loss) { return {.epoch = epoch, .values = {{"val_loss", val_loss}}}; }

/// A trainer with weights that a test sets.
struct Weights {
  Sequential<float> net = small_net();
  Trainer<float> trainer{net, Adam{1e-2}, softmax_cross_entropy()};
  void set(float value) { net.parameters().values().fill(value); }
  float first() const { return net.parameters().values()[0]; }
};

}  // namespace

TEST_CASE("validation is seen in order, all of it, by the options of the training") {
  const TrainerOptions options{.batch_size = 5, .seed = 4, .workers = 3, .shard = {1, 2}};
  const LoaderOptions training = options.training_loader(), validation = options.validation_loader();
  CHECK(training.shuffle);
  CHECK(!validation.shuffle);
  CHECK(std::tuple(training.batch_size, training.seed, training.workers) == std::tuple(5, 4u, 3));
  CHECK(std::tuple(validation.batch_size, validation.workers) == std::tuple(5, 3));
  CHECK(std::tuple(training.shard.index, training.shard.count) == std::tuple(1, 2));
  CHECK(std::tuple(validation.shard.index, validation.shard.count) == std::tuple(0, 1));
  CHECK((!training.drop_last && !validation.drop_last));
}

TEST_CASE("loss sums: a batch counts as often as it has samples, and nothing is a mean of 0") {
  detail::LossSums sums(2);
  CHECK(sums.mean() == 0);
  CHECK(sums.means() == std::vector<double>{0, 0});
  sums.add(std::vector<double>{1, 10}, 3);
  sums.add(std::vector<double>{5, 2}, 1);
  CHECK(sums.means() == std::vector<double>{2, 8});
  CHECK(sums.mean() == 10);
}

TEST_CASE("history: what a state holds comes back, and epochs that there are not are refused") {
  const std::vector<EpochLog> history{{.epoch = 1,
                                       .epochs = 3,
                                       .values = {{"loss", 4}, {"rate", 1}},
                                       .seconds = 5,
                                       .images_per_second = 6,
                                       .wait_share = 7},
                                      {.epoch = 2,
                                       .epochs = 3,
                                       .values = {{"loss", 3}, {"mAP", 2}},
                                       .seconds = 8,
                                       .images_per_second = 9,
                                       .wait_share = 1}};
  TrainingState<float> state;
  save_history(history, state);
  const std::vector<EpochLog> restored = restore_history(state, 2, 3);
  REQUIRE(restored.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(std::tuple(restored[i].epoch, restored[i].epochs) == std::tuple(history[i].epoch, history[i].epochs));
    CHECK(restored[i].values == history[i].values);
    CHECK(restored[i].seconds == history[i].seconds);
    CHECK(restored[i].images_per_second == history[i].images_per_second);
    CHECK(restored[i].wait_share == history[i].wait_share);
  }
  for (const double epoch : {0, 3}) {
    TrainingState<float> wrong;
    save_history(history, wrong);
    wrong.numbers.at("speed.wait_share")[2] = epoch;
    CHECK_THROWS_WITH_AS(restore_history(wrong, 2, 3), doctest::Contains("is not one of the 2 finished"), Error);
  }
}

TEST_CASE("early stopping: an epoch is the last after `patience` ones that are no better, in a resumed run as well") {
  Weights run, resumed;
  EarlyStopping first({.min_delta = 0.1, .patience = 2}), second({.min_delta = 0.1, .patience = 2});
  run.set(1);
  first.on_epoch(run.trainer, epoch_log(1, 5));
  run.set(2);
  first.on_epoch(run.trainer, epoch_log(2, 4.95));
  CHECK(!run.trainer.stopped());
  TrainingState<float> state;
  first.save(state);
  second.restore(state);
  second.on_epoch(resumed.trainer, epoch_log(3, 4.95));
  CHECK(resumed.trainer.stopped());
  CHECK(second.best_epoch() == 1);
  CHECK(second.best() == 5);
  second.on_end(resumed.trainer);
  CHECK(resumed.first() == 1);
  first.on_epoch(run.trainer, epoch_log(3, 3));  // better: it waits anew
  first.on_epoch(run.trainer, epoch_log(4, 3));
  CHECK(!run.trainer.stopped());
  CHECK(first.best_epoch() == 3);
  first.on_epoch(run.trainer, epoch_log(5, 3));
  CHECK(run.trainer.stopped());
  CHECK_THROWS_AS(EarlyStopping({.min_delta = -1}), Error);
  CHECK_THROWS_AS(EarlyStopping({.patience = -1}), Error);
}

TEST_CASE(
    "early stopping: an interrupted training keeps its present weights, an epoch without the value does not count") {
  Weights run;
  EarlyStopping stopping({.patience = 1});
  run.set(1);
  stopping.on_epoch(run.trainer, epoch_log(1, 5));
  run.set(2);
  stopping.on_epoch(run.trainer, {.epoch = 2, .values = {{"score", 1}}});
  CHECK(!run.trainer.stopped());
  run.trainer.interrupt();
  stopping.on_end(run.trainer);
  CHECK(run.first() == 2);
}

TEST_CASE("checkpoint: the best file changes only with a better value, in a resumed run as well") {
  const TemporaryFolder folder;
  const auto best = [&] {
    Weights there;
    load_weights(folder / "best.safetensors", there.net.parameters());
    return there.first();
  };
  Weights run, resumed;
  Checkpoint<float> first({.best = folder / "best.safetensors"}), second({.best = folder / "best.safetensors"});
  run.set(1);
  first.on_epoch(run.trainer, epoch_log(1, 5));
  run.set(2);
  first.on_epoch(run.trainer, epoch_log(2, 6));
  CHECK(best() == 1);
  run.set(3);
  first.on_epoch(run.trainer, epoch_log(3, 4));
  CHECK(best() == 3);
  TrainingState<float> state;
  first.save(state);
  second.restore(state);
  resumed.set(4);
  second.on_epoch(resumed.trainer, epoch_log(4, 4.5));
  CHECK(best() == 3);
  second.on_epoch(resumed.trainer, epoch_log(5, 3.5));
  CHECK(best() == 4);
  CHECK(!std::filesystem::exists(folder / "last.safetensors"));
}

TEST_CASE("checkpoint: damaged best weights end a resumed run before it begins, missing ones make the next the best") {
  const TemporaryFolder folder;
  const CheckpointOptions options{.best = folder / "best.safetensors", .last = folder / "last.safetensors"};
  Weights run;
  Checkpoint<float> first(options), resumed(options);
  first.on_epoch(run.trainer, epoch_log(1, 5));
  TrainingState<float> state;
  first.save(state);
  state.file = options.last;
  CHECK_NOTHROW(Checkpoint<float>(options).restore(state));
  const std::string whole = folder.read("best.safetensors");
  folder.write("best.safetensors", whole.substr(0, whole.size() - 4));
  CHECK_THROWS_WITH_AS(Checkpoint<float>(options).restore(state), doctest::Contains("best.safetensors"), FileError);
  std::filesystem::remove(options.best);
  resumed.restore(state);
  resumed.on_begin(run.trainer);
  resumed.on_epoch(run.trainer, epoch_log(2, 6));
  CHECK(std::filesystem::exists(options.best));
}

TEST_CASE("weight average: its formula, an update at a time, from where it was") {
  Weights run;
  const auto average = std::make_shared<Network<float>>(small_net());
  WeightAverage<float> callback(average, 0.25);
  const auto value = [&] { return average->parameters().values()[0]; };
  run.set(8);
  callback.on_begin(run.trainer);
  CHECK(value() == 8);
  run.set(16);
  callback.on_step(run.trainer, {.updated = false});
  CHECK(value() == 8);
  callback.on_step(run.trainer, {.updated = true});
  double expected = 8 + (1 - 2.0 / 11) * 8;  // decay 2/11, then 3/12, which is the limit, too
  CHECK(value() == doctest::Approx(expected).epsilon(1e-6));
  for (int step = 0; step < 2; ++step) {
    callback.on_step(run.trainer, {.updated = true});
    expected += 0.75 * (16 - expected);
    CHECK(value() == doctest::Approx(expected).epsilon(1e-6));
  }
  TrainingState<float> state;
  callback.save(state);
  const float before = value();
  average->parameters().values().fill(0);
  callback.restore(state);
  CHECK(value() == before);
  callback.on_begin(run.trainer);  // a run that goes on keeps its average
  CHECK(value() == before);
  CHECK_THROWS_AS(WeightAverage<float>(average, -0.1), Error);
  CHECK_NOTHROW(WeightAverage<float>(average, 0));
}

TEST_CASE("time budget: ends with the epoch whose end is nearest to the end of the time") {
  Weights run;
  TimeBudget<float> budget(100);
  EpochLog log{.epoch = 1, .seconds = 150};
  budget.on_begin(run.trainer);
  budget.measure(run.trainer, log);  // half an epoch more is still within the time
  CHECK(!run.trainer.stopped());
  log.seconds = 250;
  budget.measure(run.trainer, log);
  CHECK(run.trainer.stopped());

  Weights resumed;
  TrainingState<float> state;
  state.numbers["time_budget"] = {60};
  budget.restore(state);
  log.seconds = 70;
  budget.measure(resumed.trainer, log);
  CHECK(!resumed.trainer.stopped());
  log.seconds = 90;
  budget.measure(resumed.trainer, log);
  CHECK(resumed.trainer.stopped());
  budget.save(state);
  CHECK(state.at("time_budget").at(0) == doctest::Approx(60).epsilon(0.05));
}

TEST_CASE("progress: what is left, and what a line says") {
  Weights run;
  std::ostringstream out;
  Progress<float> progress(out, true);
  progress.on_begin(run.trainer);
  progress.on_step(run.trainer,
                   {.epoch = 1, .epochs = 4, .batch = 5, .batches = 10, .loss = 0.123456, .images_per_second = 12.345});
  CHECK(contains(out.str(), "\repoch 1/4 [==========          ] 5/10  loss 0.1235  12.3 images/s  0:00 left\x1b[K"));
  out.str("");
  progress.on_step(run.trainer, {.epoch = 1, .epochs = 4, .batch = 6, .batches = 10});
  CHECK(out.str().empty());  // not more than ten times a second
  progress.on_step(run.trainer,
                   {.epoch = 1, .epochs = unlimited_epochs, .batch = 10, .batches = 10, .images_per_second = 1.234});
  CHECK(contains(out.str(), "\repoch 1 [====================] 10/10  loss 0  1.23 images/s\x1b[K"));
  out.str("");
  EpochLog log = epoch_log(2, 0.5);
  log.epochs = 4;
  log.seconds = 61;
  log.images_per_second = 123.4;
  progress.on_epoch(run.trainer, log);
  CHECK(out.str() == "\repoch 2/4  val_loss 0.5  123 images/s  1:01, 0:00 left\x1b[K\n");
  out.str("");
  run.trainer.stop();
  progress.on_epoch(run.trainer, log);
  CHECK(!contains(out.str(), "left"));
  out.str("");
  progress.on_end(run.trainer);
  CHECK(out.str().empty());
  run.trainer.interrupt();
  progress.on_end(run.trainer);
  CHECK(out.str() == "\n");
  for (const auto& [speed, text] :
       {std::pair(9.5, "  9.50 images/s  "), {10, "  10.0 images/s  "}, {100, "  100 images/s  "}}) {
    log.images_per_second = speed;
    out.str("");
    progress.on_epoch(run.trainer, log);
    CHECK(contains(out.str(), text));
  }
  CHECK(format_duration(-1) == "0:00");
  CHECK(format_duration(3599.6) == "1:00:00");
  CHECK(format_duration(59) == "0:59");
}
