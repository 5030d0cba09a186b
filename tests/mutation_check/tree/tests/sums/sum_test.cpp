#include "amdefect/sums/sum.hpp"

#include <doctest/doctest.h>

TEST_CASE("sums") {
  CHECK(amdefect::limited_sum(1, 2, 10) == 3);
  CHECK(amdefect::limited_sum(6, 7, 10) == 10);
  CHECK(amdefect::larger(2, 2) == 2);
  CHECK(amdefect::count_to(3) == amdefect::most_digits);
  CHECK(amdefect::with_dot("a") == "a.");
}
