#include <filesystem>
#include <sstream>

#include "amdefect/losses/losses.hpp"
#include "amdefect/optim/sgd.hpp"
#include "amdefect/optim/warmup_cosine.hpp"
#include "amdefect/train/callbacks/csv_log.hpp"
#include "amdefect/train/callbacks/progress.hpp"
#include "amdefect/train/tensor_dataset.hpp"
#include "train/points_run.hpp"

using namespace amdefect;

namespace {

const TrainerOptions three_epochs{.epochs = 3, .batch_size = 8, .seed = 5, .execution = {.threads = 1}};

std::vector<double> losses(const Trainer<float>& trainer) {
  std::vector<double> values;
  for (const EpochLog& log : trainer.history()) values.push_back(log.at("loss"));
  return values;
}

/// Losses of a training with an optimiser and whatever comes after it.
template <class... Arguments>
std::vector<double> train(Arguments&&... arguments) {
  Sequential<float> net = small_net();
  Trainer trainer(net, std::forward<Arguments>(arguments)..., softmax_cross_entropy(), three_epochs);
  static_assert(std::is_same_v<decltype(trainer), Trainer<float>>);
  trainer.fit(Points(40));
  return losses(trainer);
}

struct CountBegins : Callback<float> {
  void on_begin(Trainer<float>&) override { ++begins; }
  int begins = 0;
};

}  // namespace

TEST_CASE("optimisers and schedules that are named, moved in or owned by a pointer train alike") {
  Adam<float> adam;
  ConstantRate rate(1e-2);
  const std::vector<double> expected = train(adam, rate);
  CHECK(expected.size() == 3);
  CHECK(adam.steps() == 15);  // the named one was used, not a copy
  CHECK(train(Adam{1e-2}) == expected);
  Adam named{1e-2};
  CHECK(train(named) == expected);
  CHECK(named.steps() == 15);
  CHECK(train(std::make_unique<Adam<float>>(1e-2)) == expected);
  CHECK(train(std::make_shared<Adam<float>>(), std::make_unique<ConstantRate>(1e-2)) == expected);
  CHECK(train(Adam(), ConstantRate(1e-2)) == expected);
  const std::unique_ptr<Schedule> schedule = std::make_unique<ConstantRate>(1e-2);
  CHECK(train(Adam(), *schedule) == expected);
  CHECK(train(Adam(), CosineDecay(1e-2, 15)) != expected);
  CHECK(train(Sgd(0.1, {.momentum = 0.9})) != expected);
}

TEST_CASE("there is one learning rate, or the trainer says what is wrong") {
  CHECK_THROWS_WITH_AS(train(Adam()),
                       "trainer: there is no learning rate: give one to the optimiser, Adam{1e-3}, or add a schedule",
                       Error);
  CHECK_THROWS_WITH_AS(train(Adam{1e-3}, ConstantRate(1e-2)),
                       doctest::Contains("the optimiser has a learning rate of its own and there is a schedule, too"),
                       Error);
  CHECK_THROWS_WITH_AS(train(std::unique_ptr<Adam<float>>()), doctest::Contains("a null pointer"), Error);
  static_assert(!std::is_constructible_v<Trainer<float>, Sequential<float>, Adam<float>, LossFunction<float>>,
                "a temporary network would be gone");
  static_assert(!std::is_constructible_v<Trainer<float>, Sequential<float>&, const Adam<float>&, LossFunction<float>>);
  static_assert(!std::is_constructible_v<Trainer<double>, Network<double>&, Adam<float>, LossFunction<double>>);
}

TEST_CASE("a network of doubles trains as well") {
  Sequential<double> net({1});
  net.add(Dense<double>(1));
  net.initialize(1);
  Tensor<double> x({32, 1}), y({32, 1});
  for (Index i = 0; i < 32; ++i) {
    x[i] = static_cast<double>(i) / 16 - 1;
    y[i] = 3 * x[i] - 1;
  }
  Trainer trainer(net, Sgd<double>(0.2), mean_squared_error(), {.epochs = 60});
  trainer.fit(TensorDataset(std::move(x), std::move(y)));
  CHECK(trainer.history().back().at("loss") < 1e-6);
}

TEST_CASE("callbacks are moved in and chained, or made in place and asked later") {
  Sequential<float> net = small_net();
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), three_epochs);
  std::ostringstream first, second;
  Progress<float>& progress = trainer.add(Progress{first}).add<Progress>(second, false);
  const EarlyStopping<float>& stopping = trainer.add<EarlyStopping>(EarlyStoppingOptions{.patience = 5});
  const CountBegins& own = trainer.add<CountBegins>();
  CountBegins& given = trainer.add(std::make_unique<CountBegins>());
  trainer.fit(Points(40), Points(16));
  CHECK(first.str().find("epoch 3/3") != std::string::npos);
  CHECK(first.str().find('\r') == std::string::npos);  // a string is no terminal
  CHECK(second.str().size() == first.str().size());
  CHECK(stopping.best_epoch() > 0);
  CHECK((own.begins == 1 && given.begins == 1));
  CHECK_THROWS_AS(trainer.add(std::unique_ptr<CountBegins>()), Error);
  static_assert(std::is_same_v<decltype(progress), Progress<float>&>);
}

TEST_CASE("fit takes validation by reference, by pointer or not at all") {
  const auto values = [](auto... validation) {
    Sequential<float> net = small_net();
    Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), three_epochs);
    trainer.fit(Points(40), validation...);
    return trainer.history().back().values;
  };
  const Points data(16);
  CHECK(values(data) == values(&data));
  CHECK(values() == values(nullptr));
  CHECK(values().size() == 2);  // loss, learning_rate
  CHECK(values(data).size() == 3);
}

TEST_CASE("a checkpoint in a run_folder keeps the best and the last weights, also where nothing is validated") {
  const auto run_folder = std::filesystem::temp_directory_path() / "amdefect_short_forms_test";
  std::filesystem::remove_all(run_folder);
  Sequential<float> net = small_net(), whole = small_net(), resumed = small_net();
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), three_epochs);
  trainer.add(Checkpoint{run_folder / "new" / "run"}).add(InterruptAfter{7});
  trainer.fit(Points(40));
  CHECK(trainer.interrupted());
  CHECK(std::filesystem::exists(run_folder / "new" / "run" / "best.safetensors"));
  Trainer uninterrupted(whole, Adam{1e-2}, softmax_cross_entropy(), three_epochs);
  uninterrupted.fit(Points(40));
  Trainer again(resumed, Adam{1e-2}, softmax_cross_entropy(), three_epochs);
  again.add(Checkpoint{run_folder / "new" / "run"});
  again.resume(run_folder / "new" / "run" / "last.safetensors");
  again.fit(Points(40));
  CHECK(losses(again) == losses(uninterrupted));
  CHECK((resumed.parameters().values().array() == whole.parameters().values().array()).all());
  std::filesystem::remove_all(run_folder);
}

TEST_CASE("a checkpoint in a folder takes what it watches and what it stores") {
  struct Score : Callback<float> {
    void measure(Trainer<float>&, EpochLog& log) override { log.values.emplace_back("score", log.epoch == 2 ? 1 : 0); }
  };
  const auto run_folder = std::filesystem::temp_directory_path() / "amdefect_short_forms_test";
  Sequential<float> net = small_net(), second_epoch = small_net();
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), three_epochs);
  trainer.add(Score()).add(
      Checkpoint(run_folder, {.monitor = "score", .higher_is_better = true, .metadata = {{"by", "test"}}}));
  trainer.fit(Points(40));
  TrainerOptions two_epochs = three_epochs;
  two_epochs.epochs = 2;
  Trainer(second_epoch, Adam{1e-2}, softmax_cross_entropy(), two_epochs).fit(Points(40));
  const SafetensorsFile best = read_safetensors(run_folder / "best.safetensors");
  CHECK(best.metadata().at("by") == "test");
  load_weights(best, net.parameters());
  CHECK((net.parameters().values().array() == second_epoch.parameters().values().array()).all());
  std::filesystem::remove_all(run_folder);
}

TEST_CASE("a training loop of one's own: the steps of a trainer on one's own batches") {
  Sequential<float> net = small_net(), other = small_net();
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), {.clip_norm = 1, .execution = {.threads = 1}});
  Trainer fitted(other, Adam{1e-2}, softmax_cross_entropy(),
                 {.epochs = 2, .batch_size = 8, .seed = 5, .clip_norm = 1, .execution = {.threads = 1}});
  const Points data(40);
  fitted.fit(data);
  // The loop of the documentation (docs/training.md).
  DataLoader<float> loader(data, {.batch_size = 8, .seed = 5});
  double loss = 0;
  for (Index epoch = 0; epoch < 2; ++epoch) {
    loader.start_epoch(epoch);
    while (const Batch<float>* batch = loader.next()) loss = trainer.step(*batch)[0];
  }
  CHECK(loss > 0);
  CHECK((net.parameters().values().array() == other.parameters().values().array()).all());

  Tensor<float> x({4, 2}), target({4, 2});
  for (Index i = 0; i < 4; ++i) {
    x(i, 0) = static_cast<float>(i);
    target(i, i / 2) = 1;
  }
  const Batch batch(std::move(x), std::move(target));
  const double before = trainer.step(batch).at(0);
  for (int i = 0; i < 20; ++i) trainer.step(batch);
  CHECK(trainer.step(batch).at(0) < before);
  CHECK(trainer.optimizer().steps() == 10 + 22);

  Tensor<float> broken({1, 2});
  broken.fill(std::numeric_limits<float>::quiet_NaN());
  CHECK_THROWS_WITH_AS(trainer.step(Batch(std::move(broken), Tensor<float>({1, 2}))),
                       doctest::Contains("the loss is not finite any more (update 33)"), Error);
  CHECK_THROWS_WITH_AS(Batch(Tensor<float>({4, 2}), Tensor<float>({3, 2})),
                       "batch: the first input has 4 samples, another tensor has shape [3, 2]", ShapeError);
}

TEST_CASE("evaluate takes a dataset or a loader") {
  Sequential<float> net = small_net();
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), three_epochs);
  const Points data(20);
  DataLoader<float> loader(data, {.batch_size = 8, .shuffle = false});
  CHECK(trainer.evaluate(data) == trainer.evaluate(loader));
}
