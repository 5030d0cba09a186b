// Numbers in a training state, which a checkpoint keeps as text.
#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "amdefect/losses/mean_squared_error.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/callbacks/time_budget.hpp"
#include "amdefect/train/callbacks/weight_average.hpp"
#include "amdefect/train/trainer.hpp"
#include "contains.hpp"
#include "error_of.hpp"

using namespace amdefect;

namespace {

Sequential<float> tiny_net() {
  Sequential<float> net({1});
  net.add(Dense<float>(1));
  net.initialize(1);
  return net;
}

}  // namespace

TEST_CASE("counts in a training state are whole numbers that one can go on counting from") {
  Sequential<float> net = tiny_net();
  Trainer<float> trainer(net, Adam<float>(), ReduceOnPlateau(0.01), mean_squared_error(), {.epochs = 3});
  trainer.add(EarlyStopping<float>());
  trainer.add(WeightAverage<float>(std::make_shared<Network<float>>(tiny_net())));
  trainer.add(TimeBudget<float>(60));
  const auto error = [&](const std::string& key, std::size_t position, double number) {
    TrainingState<float> state = trainer.state();
    state.numbers.at(key).at(position) = number;
    return error_of([&] { trainer.restore(std::move(state)); });
  };
  CHECK(error("progress", 2, 1e15) == "no error");
  trainer.restore([&] {
    TrainingState<float> state = trainer.state();
    state.numbers.at("progress").at(2) = 0;
    return state;
  }());
  const std::pair<const char*, std::size_t> counts[] = {
      {"progress", 0},       {"progress", 1},       {"progress", 2},       {"sums_samples", 0}, {"optimizer_steps", 0},
      {"early_stopping", 1}, {"early_stopping", 2}, {"weight_average", 0}, {"schedule", 2},     {"schedule", 3}};
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const auto& count : counts)
    for (const double number : {-1.0, 0.5, 1.1e15, 1e300, infinity})
      CHECK_MESSAGE(contains(error(count.first, count.second, number),
                             concat('\'', count.first, "' holds ", number, ", expected a whole")),
                    count.first);
  CHECK(contains(error("schedule", 0, infinity), "the rate is inf"));
  CHECK(contains(error("time_budget", 0, -infinity), "expected at least 0"));

  TrainingState<float> state = trainer.state();
  state.numbers.at("progress")[0] = 1;
  for (const char* key : {"speed.seconds", "speed.images_per_second", "speed.wait_share"}) state.numbers[key] = {1, 0};
  state.numbers["history.00.loss"] = {1e300, 1};
  CHECK(contains(error_of([&] { trainer.restore(std::move(state)); }), "'history' holds 1e+300"));
}
