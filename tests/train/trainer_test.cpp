#include "amdefect/train/trainer.hpp"

#include <doctest/doctest.h>
#include "allocation_counter.hpp"

#include <sstream>

#include "amdefect/optim/warmup_cosine.hpp"
#include "amdefect/train/callbacks/csv_log.hpp"
#include "amdefect/train/callbacks/progress.hpp"
#include "amdefect/train/callbacks/time_budget.hpp"
#include "amdefect/train/callbacks/weight_average.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

const std::filesystem::path folder = std::filesystem::temp_directory_path() / "amdefect_trainer_test";

}  // namespace

TEST_CASE("training learns, and is the same again for the same seed") {
  Run first(8), second(8);
  first.fit();
  second.fit();
  CHECK(first.trainer->history().back().at("val_loss") < 0.5 * first.trainer->history().front().at("val_loss"));
  check_equal(first, second);
  CHECK_THROWS_AS(static_cast<void>(first.trainer->history().back().at("mAP")), Error);
}

TEST_CASE("a run resumed from a checkpoint equals one that was never interrupted") {
  std::filesystem::create_directories(folder);
  Run whole(6);
  whole.fit();
  for (const int steps : {1, 8, 13, 16, 40}) {  // within an epoch and at its end (8 steps each)
    CAPTURE(steps);
    Run interrupted(6, folder / "last.safetensors");
    interrupted.trainer->add(std::make_unique<InterruptAfter>(steps));
    interrupted.fit();
    CHECK(interrupted.trainer->interrupted());
    Run resumed(6);
    resumed.trainer->restore(load_checkpoint(read_safetensors(folder / "last.safetensors"), resumed.net.parameters()));
    resumed.fit();
    check_equal(resumed, whole);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("early stopping ends the run and puts the best weights back") {
  Run run(200, {}, 0.5);
  run.fit();
  REQUIRE(run.trainer->stopped());
  const auto& history = run.trainer->history();
  CHECK(static_cast<Index>(history.size()) == run.stopping->best_epoch() + 3);
  DataLoader<float> loader(run.validation, {.batch_size = 8, .shuffle = false});
  CHECK(run.trainer->evaluate(loader)[0] == doctest::Approx(run.stopping->best()));
}

TEST_CASE("early stopping keeps the best weights in memory of its own, once, and only if it puts them back") {
  Sequential<float> net = small_net();
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy());
  const auto log = [](double loss) { return EpochLog{.epoch = 1, .values = {{"val_loss", loss}}}; };
  EarlyStopping keeps, forgets({.restore_best_weights = false});
  const EpochLog logs[] = {log(3), log(2), log(1)};
  keeps.on_epoch(trainer, logs[0]);
  const long before = heap_allocations;
  keeps.on_epoch(trainer, logs[1]);
  net.parameters().values().array() += 1;
  keeps.on_epoch(trainer, logs[2]);
  for (const EpochLog& one : logs) forgets.on_epoch(trainer, one);
  CHECK(heap_allocations == before);
  CHECK(keeps.best() == 1);
  TrainingState<float> kept, forgotten;
  keeps.save(kept);
  forgets.save(forgotten);
  CHECK((kept.tensors.at("early_stopping.best_weights").array() == net.parameters().values().array()).all());
  CHECK(forgotten.tensors.empty());
  CHECK(forgotten.at("early_stopping") == kept.at("early_stopping"));
}

TEST_CASE("the weight average follows the weights, survives a resume, and is what the best weights are") {
  std::filesystem::create_directories(folder);
  const auto averaged = [](Run& run, double decay) {
    auto average = std::make_shared<Network<float>>(std::move(Run(1).net));
    run.trainer->add(std::make_unique<WeightAverage<float>>(average, decay));
    run.trainer->add(std::make_unique<Checkpoint<float>>(
        CheckpointOptions{.best = folder / "best.safetensors", .last = folder / "last.safetensors", .monitor = "loss"},
        average));
    return average;
  };
  Run whole(3), stopped(3), resumed(3), follows(3);
  const auto expected = averaged(whole, 0.9);
  whole.fit();
  CHECK((expected->parameters().values().array() != whole.net.parameters().values().array()).any());
  averaged(stopped, 0.9);
  stopped.trainer->add(std::make_unique<InterruptAfter>(11));
  stopped.fit();
  const auto average = averaged(resumed, 0.9);
  resumed.trainer->restore(load_checkpoint(read_safetensors(folder / "last.safetensors"), resumed.net.parameters()));
  resumed.fit();
  CHECK((average->parameters().values().array() == expected->parameters().values().array()).all());
  load_weights(folder / "best.safetensors", resumed.net.parameters());  // the loss falls: the last epoch is the best
  CHECK((average->parameters().values().array() == resumed.net.parameters().values().array()).all());
  const auto same = averaged(follows, 0);
  follows.fit();
  const auto difference = same->parameters().values().array() - follows.net.parameters().values().array();
  CHECK(difference.abs().maxCoeff() < 1e-6f);  // a + (b - a) rounds
  CHECK_THROWS_AS(WeightAverage<float>(same, 1), Error);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a time budget moves the schedule, ends the training, and says so before the last epoch is measured") {
  struct MeasureLast : Callback<float> {
    void measure(Trainer<float>& trainer, EpochLog& log) override {
      if (trainer.stopped()) log.values.emplace_back("last", 1);
    }
  };
  Run run(1);
  WarmupCosine schedule(0.01, {.warmup = 0.2});
  Trainer<float> trainer(run.net, Adam<float>(), schedule, single_loss<float>([](const LossArguments<float>& a) {
                           return softmax_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0]);
                         }),
                         {.epochs = unlimited_epochs, .batch_size = 8, .execution = {.threads = 1}});
  trainer.add(TimeBudget{0.2});
  trainer.add(std::make_unique<MeasureLast>());
  trainer.fit(run.training, nullptr);
  CHECK(trainer.stopped());
  CHECK(trainer.history().back().find("last") != nullptr);
  CHECK(trainer.history().front().find("last") == nullptr);
  CHECK(trainer.history().size() > 1);
  CHECK(schedule.state()[0] > 0.8);
  const TrainingState<float> state = trainer.state();
  CHECK(state.at("time_budget").at(0) > 0.15);

  Run any(unlimited_epochs);  // with a schedule that does not look at the clock
  any.trainer->add(TimeBudget{0.05});
  any.fit();
  CHECK(any.trainer->stopped());

  CHECK_THROWS_AS(TimeBudget<float>(0), Error);
}

TEST_CASE("a run within a time goes on with the time that is left and the rate that it had") {
  Sequential<float> net = small_net();
  const auto make = [&] {
    return std::make_unique<Trainer<float>>(net, Adam(), WarmupCosine(0.01), softmax_cross_entropy(),
                                            TrainerOptions{.epochs = unlimited_epochs, .batch_size = 8});
  };
  const auto first = make();
  TrainingState<float> state = first->state();
  state.numbers["time_budget"] = {99.9};  // as a checkpoint has them
  state.numbers["schedule"] = {0.7};
  const auto resumed = make();
  resumed->add(TimeBudget{100});
  resumed->restore(std::move(state));
  WarmupCosine expected(0.01);
  expected.set_progress(0.7);
  CHECK(resumed->learning_rate() == expected.rate(0));
  resumed->add<InterruptAfter>(1);
  resumed->fit(Points(16));
  expected.set_progress(0.999);
  CHECK(resumed->learning_rate() <= expected.rate(0));
}

TEST_CASE("a loss that is not finite stops the training with a clear message") {
  Run run(3, {}, 1e30);
  CHECK_THROWS_WITH_AS(run.fit(), doctest::Contains("the loss is not finite any more (epoch 1, batch"), Error);
}

TEST_CASE("progress is a plain line per epoch in a log, and a live line on a terminal") {
  std::ostringstream plain, live;
  Run run(2), other(2);
  run.trainer->add(std::make_unique<Progress<float>>(plain, false));
  run.fit();
  CHECK(plain.str().find("epoch 2/2  loss 0.") != std::string::npos);
  CHECK(plain.str().find('\r') == std::string::npos);
  const std::string text = plain.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  other.trainer->add(std::make_unique<Progress<float>>(live, true));
  other.fit();
  CHECK(live.str().find("\repoch 1/2 [====") != std::string::npos);
  CHECK(format_duration(75) == "1:15");
  CHECK(format_duration(3700) == "1:01:40");
}

TEST_CASE("the CSV log has a row per epoch") {
  std::filesystem::create_directories(folder);
  Run run(3);
  run.trainer->add(std::make_unique<CsvLog<float>>(folder / "log.csv"));
  run.fit();
  std::ifstream file(folder / "log.csv");
  std::string line;
  std::getline(file, line);
  CHECK(line == "epoch,loss,learning_rate,val_loss,seconds,images_per_second,wait_share");
  int rows = 0;
  while (std::getline(file, line)) ++rows;
  CHECK(rows == 3);
  std::filesystem::remove_all(folder);
}
