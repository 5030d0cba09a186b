#include "amdefect/data/mixup.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace amdefect::mixup_test {

TEST_CASE_TEMPLATE("mixup: the weighted mean of two pictures with the boxes of both", P, std::uint8_t, std::uint16_t,
                   float) {
  const BasicSample<P> first{BasicImage<P>(4, 5, 7, P{100}), {{{0, 1, 2, 3}, 1}}, {}};
  BasicSample<P> second{BasicImage<P>(4, 5, 7, P{200}), {{{1, 1, 4, 4}, 0}, {{0, 0, 1, 1}, 2}}, {}};
  second.image(3, 4, 6) = P{255};
  const BasicSample<P> mixed = mixup(first, second, 0.25);
  REQUIRE(mixed.image.shape() == Shape{4, 5, 7});
  CHECK(mixed.objects == std::vector<LabelledBox>{{{0, 1, 2, 3}, 1}, {{1, 1, 4, 4}, 0}, {{0, 0, 1, 1}, 2}});
  CHECK(mixed.image(0, 0, 0) == 175);
  CHECK(static_cast<double>(mixed.image(3, 4, 6)) == doctest::Approx(216.25).epsilon(0.002));
  CHECK(mixup(first, second, 1).image == first.image);
  CHECK(mixup(first, second, 0).image == second.image);
  const BasicSample<P> narrow{BasicImage<P>(4, 4, 7), {}, {}};
  CHECK_THROWS_AS(mixup(first, narrow, 0.5), ShapeError);
}

TEST_CASE("mixup: weights are distributed as Beta(8, 8)") {
  Random random(2);
  constexpr int count = 20000;
  double sum = 0, squares = 0, least = 1, most = 0;
  for (int i = 0; i < count; ++i) {
    const double weight = mixup_weight(random);
    sum += weight;
    squares += (weight - 0.5) * (weight - 0.5);
    least = std::min(least, weight), most = std::max(most, weight);
  }
  CHECK(sum / count == doctest::Approx(0.5).epsilon(0.01));
  CHECK(squares / count == doctest::Approx(1.0 / 68).epsilon(0.05));  // 1 / (4 (2 * 8 + 1))
  CHECK(least > 0);
  CHECK(least < 0.15);
  CHECK(most < 1);
}

}  // namespace amdefect::mixup_test
