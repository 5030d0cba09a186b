#include "amdefect/optim/best_value.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace amdefect;

TEST_CASE("best value: improvements beyond min_delta, in either direction") {
  BestValue loss(false, 0.1), score(true);
  CHECK(std::isinf(loss.value()));
  CHECK(loss.improve(1));
  CHECK(!loss.improve(0.95));
  CHECK(loss.value() == 1);
  CHECK(loss.improve(0.8));
  CHECK(score.improve(0));
  CHECK(!score.improve(0));
  CHECK(score.improve(1e-9));
}

TEST_CASE("best value: what is not a number never is the best, nor comes back from a file") {
  const double nan = std::nan("");
  BestValue best;
  CHECK(!best.improve(nan));
  CHECK(best.improve(5));
  CHECK(!best.improve(nan));
  best.restore(2);
  CHECK(!best.improve(3));
  best.restore(nan);
  CHECK(best.improve(7));
}
