#include "amdefect/optim/schedule.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "amdefect/optim/warmup_cosine.hpp"

using namespace amdefect;

namespace {

/// The rates after each of the observed values.
std::vector<double> rates(Schedule& schedule, const std::vector<double>& values) {
  std::vector<double> result;
  for (const double value : values) {
    schedule.observe(value);
    result.push_back(schedule.rate(0));
  }
  return result;
}

}  // namespace

TEST_CASE("schedule: functions of the step") {
  CHECK(ConstantRate(0.1).rate(1000000) == 0.1);
  const StepDecay steps(0.8, 0.5, 10);
  CHECK(steps.rate(0) == 0.8);
  CHECK(steps.rate(9) == 0.8);
  CHECK(steps.rate(10) == 0.4);
  CHECK(steps.rate(39) == 0.1);
  const CosineDecay cosine(1, 100, 0.2);
  CHECK(cosine.rate(0) == 1);
  CHECK(cosine.rate(25) == doctest::Approx(0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2).epsilon(1e-14));
  CHECK(cosine.rate(50) == doctest::Approx(0.6).epsilon(1e-14));
  CHECK(cosine.rate(100) == 0.2);
  CHECK(cosine.rate(500) == 0.2);
}

TEST_CASE("schedule: warm-up around another one") {
  const LinearWarmup warm(4, std::make_unique<StepDecay>(0.8, 0.5, 3));
  const std::vector<double> expected = {0.2, 0.4, 0.6, 0.4, 0.4, 0.4, 0.2};
  for (std::size_t step = 0; step < expected.size(); ++step)
    CHECK(warm.rate(static_cast<Index>(step)) == doctest::Approx(expected[step]).epsilon(1e-14));
  CHECK(LinearWarmup(0, std::make_unique<ConstantRate>(1)).rate(0) == 1);
  CHECK_THROWS_AS(LinearWarmup(4, nullptr), Error);
}

TEST_CASE("schedule: plateau as in Keras") {
  ReduceOnPlateau plateau(1, {.factor = 0.5, .patience = 2, .min_delta = 0.1, .min_rate = 0.2});
  // 0.95 is no improvement on 1 (less than min_delta); the rate stops at min_rate.
  CHECK(rates(plateau, {1, 0.95, 0.8, 0.8, 0.75, 0.8, 0.8, 0.8, 0.8}) ==
        std::vector<double>{1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.2});
  CHECK(rates(plateau, {9, 9, 9, 9}) == std::vector<double>(4, 0.2));

  ReduceOnPlateau cooling(1, {.factor = 0.5, .patience = 1, .cooldown = 2});
  // After the first fall one observation is skipped; at the end of the cooldown they count again.
  CHECK(rates(cooling, {1, 2, 2, 2, 2, 2}) == std::vector<double>{1, 0.5, 0.5, 0.25, 0.25, 0.125});

  ReduceOnPlateau accuracy(1, {.factor = 0.5, .patience = 1, .higher_is_better = true});
  CHECK(rates(accuracy, {0.1, 0.2, 0.2, 0.3}) == std::vector<double>{1, 1, 0.5, 0.5});

  ReduceOnPlateau broken(1, {.factor = 0.5, .patience = 2});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(rates(broken, {nan, nan, 1, 1}) == std::vector<double>{1, 0.5, 0.5, 0.5});
}

TEST_CASE("schedule: Keras' defaults") {
  const PlateauOptions plateau;
  CHECK(std::tuple(plateau.factor, plateau.patience, plateau.min_delta) == std::tuple(0.1, 10, 1e-4));
  CHECK(std::tuple(plateau.cooldown, plateau.min_rate, plateau.higher_is_better) == std::tuple(0, 0.0, false));
  const std::vector<double> fresh = ReduceOnPlateau(1).state();
  CHECK(std::tuple(fresh.at(0), fresh.at(2), fresh.at(3)) == std::tuple(1.0, 0.0, 0.0));
}

TEST_CASE("schedule: a rate that is at its least falls and cools down no more") {
  ReduceOnPlateau plateau(1, {.factor = 0.5, .patience = 1, .cooldown = 5, .min_rate = 1});
  for (int epoch = 0; epoch < 2; ++epoch) plateau.observe(7);
  CHECK(plateau.rate(0) == 1);
  CHECK(plateau.state().at(3) == 0);
}

TEST_CASE("schedule: the paper's settings halve the rate after five epochs without progress") {
  ReduceOnPlateau plateau(1.25e-5, {.factor = 0.5, .patience = 5, .min_rate = 1e-6});
  for (int epoch = 0; epoch < 4; ++epoch) plateau.observe(0.007 - 0.001 * epoch);  // improves at first
  for (int epoch = 0; epoch < 4; ++epoch) plateau.observe(0.0039999);              // by less than min_delta
  CHECK(plateau.rate(0) == 1.25e-5);
  plateau.observe(0.0039999);
  CHECK(plateau.rate(0) == 6.25e-6);
}

TEST_CASE("schedule: a restored state continues exactly") {
  const std::vector<double> values = {1, 0.9, 0.95, 0.93, 0.8, 0.85, 0.85, 0.7, 0.71, 0.72, 0.73, 0.74};
  const PlateauOptions options{.factor = 0.3, .patience = 2, .cooldown = 1};
  const auto make = [&] { return LinearWarmup(3, std::make_unique<ReduceOnPlateau>(0.1, options)); };
  for (std::size_t cut = 0; cut <= values.size(); ++cut) {
    LinearWarmup whole = make(), first = make(), second = make();
    for (std::size_t i = 0; i < cut; ++i) first.observe(values[i]);
    second.restore(first.state());
    for (std::size_t i = 0; i < values.size(); ++i) {
      whole.observe(values[i]);
      if (i >= cut) second.observe(values[i]);
    }
    CHECK(second.state() == whole.state());
    CHECK(second.rate(1) == whole.rate(1));
  }
  CHECK_THROWS_WITH_AS(ConstantRate(1).restore(std::vector<double>{1, 2}),
                       "schedule: expected a state of 0 numbers, got 2 (saved by another schedule?)", Error);
}

TEST_CASE("schedule: wrong options are named") {
  CHECK_THROWS_AS(ConstantRate(-1), Error);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(ConstantRate{nan}, Error);
  CHECK(StepDecay(1, 0.5, 1).rate(2) == 0.25);
  CHECK_THROWS_AS(StepDecay(1, 0.5, 0), Error);
  CHECK_THROWS_AS(StepDecay(-1, 0.5, 10), Error);
  CHECK_THROWS_AS(CosineDecay(1, 0), Error);
  CHECK_THROWS_AS(CosineDecay(-1, 10), Error);
  CHECK_THROWS_AS(CosineDecay(1, 10, -1), Error);
  CHECK_THROWS_AS(WarmupCosine(-1), Error);
  CHECK_THROWS_AS(WarmupCosine(1, {.final_rate = -1}), Error);
  CHECK_THROWS_AS(ReduceOnPlateau(-1), Error);
  CHECK_THROWS_AS(StepDecay(1, 0, 10), Error);
  CHECK_THROWS_AS(LinearWarmup(-1, std::make_unique<ConstantRate>(1)), Error);
  CHECK_THROWS_AS(ReduceOnPlateau(1, {.factor = 1}), Error);
  CHECK_THROWS_AS(ReduceOnPlateau(1, {.factor = 0}), Error);
  CHECK_THROWS_AS(ReduceOnPlateau(1, {.patience = -1}), Error);
}

TEST_CASE("schedule: warm-up and cosine give the rates that they always gave, over updates and over a progress") {
  const LinearWarmup parts(137 / 20, std::make_unique<CosineDecay>(0.003, 137));
  const WarmupCosine whole(0.003, {.steps = 137});
  const std::pair<Index, double> over_steps[] = {{0, 0.00050000000000000001},
                                                 {1, 0.00099986854424959212},
                                                 {4, 0.0024947452253796655},
                                                 {5, 0.0029901511832722111},
                                                 {6, 0.0029858245403207489},
                                                 {7, 0.0029807166166495964},
                                                 {50, 0.0021174282815418269},
                                                 {100, 0.00050829024379692492},
                                                 {136, 3.9436725122404814e-07},
                                                 {137, 0},
                                                 {500, 0}};
  for (const auto& [step, rate] : over_steps) {
    CHECK(parts.rate(step) == doctest::Approx(rate).epsilon(1e-15).scale(1e-3));
    CHECK(whole.rate(step) == parts.rate(step));
  }
  const std::pair<double, double> over_progress[] = {{0, 3.0000000000000001e-05},
                                                     {0.0001, 3.0000000000000001e-05},
                                                     {0.01, 0.00059999999999999995},
                                                     {0.03, 0.0018},
                                                     {0.05, 0.0030000000000000001},
                                                     {0.051, 0.0029999917981201607},
                                                     {0.3, 0.002515922357438612},
                                                     {0.7, 0.00067957776281635999},
                                                     {0.99, 8.2011398861092655e-07},
                                                     {1, 0},
                                                     {1.5, 0}};
  const LinearWarmup long_parts(41, std::make_unique<CosineDecay>(0.003, 137, 0.001));
  const WarmupCosine long_warmup(0.003, {.steps = 137, .warmup = 0.3, .final_rate = 0.001});
  for (Index step = 0; step < 140; ++step) CHECK(long_warmup.rate(step) == long_parts.rate(step));
  WarmupCosine told(0.003);
  for (const auto& [progress, rate] : over_progress) {
    told.set_progress(progress);
    CHECK(told.rate(3) == doctest::Approx(rate).epsilon(1e-15).scale(1e-3));
  }
  WarmupCosine to_final(0.003, {.warmup = 0.2, .final_rate = 0.0007});
  for (const auto& [progress, rate] :
       {std::pair{0.0, 3e-05}, {0.1, 0.0015}, {0.2, 0.003}, {0.5, 0.0022900859472198536}, {1.0, 0.0007}}) {
    to_final.set_progress(progress);
    CHECK(to_final.rate(3) == doctest::Approx(rate).epsilon(1e-15).scale(1e-3));
  }
}

TEST_CASE("schedule: a progress is remembered where it counts, and reaches a schedule that is warmed up") {
  WarmupCosine told(0.01), restored(0.01), counted(0.01, {.steps = 100});
  told.set_progress(0.3);
  CHECK(told.state() == std::vector<double>{0.3});
  restored.restore(told.state());
  CHECK(restored.rate(0) == told.rate(0));
  counted.set_progress(0.3);
  CHECK(counted.rate(0) == WarmupCosine(0.01, {.steps = 100}).rate(0));
  CHECK(counted.state().empty());
  CHECK_NOTHROW(WarmupCosine(0.01, {.steps = 1}).restore({}));
  CHECK_THROWS_AS(counted.restore(told.state()), Error);
  LinearWarmup warm(2, std::make_unique<WarmupCosine>(0.01));
  warm.set_progress(0.3);
  CHECK(warm.rate(5) == told.rate(5));
  CHECK_THROWS_AS(WarmupCosine(0.01, {.warmup = 1}), Error);
  CHECK_THROWS_AS(WarmupCosine(0.01, {.steps = -1}), Error);
}
