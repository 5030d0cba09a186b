#include "amdefect/nn/self_test.hpp"

#include <doctest/doctest.h>

#include "contains.hpp"

using namespace amdefect;

TEST_CASE("results of a self-test agree within the tolerance, or the first difference is told") {
  const SelfTest then{{"a", {2, 0.5}}, {"b", {4, -1}}};
  const auto difference = [&](const SelfTest& now) { return self_test_difference(now, to_text(then), "x"); };
  CHECK(difference(then) == "");
  SelfTest now = then;
  now[1].numbers[1] = -1 + 3.9 * self_test_tolerance;  // relative to the first number
  CHECK(difference(now) == "");
  now[1].numbers[1] = -1 + 4.1 * self_test_tolerance;
  CHECK(contains(difference(now), "number 1 of the output 'b' is "));
  now.pop_back();
  CHECK(difference(now) == "it has 2 outputs, this build computes 1");
  now.push_back({"c", {4, -1}});
  CHECK(difference(now) == "it has no output 'c', which this build computes");

  const SelfTest zero{{"a", {0, 0}}};  // a network that gives nothing agrees with itself
  CHECK(self_test_difference(zero, to_text(zero), "x") == "");
}
