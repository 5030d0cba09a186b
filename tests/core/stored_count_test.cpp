#include "amdefect/core/stored_count.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>

#include "amdefect/core/version_counter.hpp"

using namespace amdefect;

TEST_CASE("a stored count is a whole number with which one can go on counting") {
  CHECK(stored_count(0, "step") == 0);
  CHECK(stored_count(1e15, "step") == 1'000'000'000'000'000);
  CHECK_THROWS_WITH_AS(stored_count(0.5, "step"),
                       "training state: 'step' holds 0.5, expected a whole number from 0 to 1e15", Error);
  for (const double wrong : {-1.0, 2e15, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(stored_count(wrong, "step"), Error);
}

TEST_CASE("a version counter counts, and a moved object keeps its count") {
  VersionCounter counter;
  CHECK(counter.value() == 0);
  counter.advance();
  counter.advance();
  CHECK(counter.value() == 2);
  VersionCounter moved = std::move(counter);
  CHECK(moved.value() == 2);
  VersionCounter other;
  other = std::move(moved);
  CHECK(other.value() == 2);
}
