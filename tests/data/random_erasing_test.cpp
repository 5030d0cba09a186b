#include "amdefect/data/random_erasing.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace amdefect::random_erasing_test {

TEST_CASE("random erasing: parts lie in the picture and have a share of its area") {
  Random random(4);
  double least = 1, most = 0, flattest = 1, steepest = 1;
  for (int i = 0; i < 3000; ++i) {
    const CropWindow part = random_part(300, 400, random);
    REQUIRE((part.top >= 0 && part.left >= 0 && part.top + part.height <= 300 && part.left + part.width <= 400));
    const double share = static_cast<double>(part.height * part.width) / (300 * 400);
    const double ratio = static_cast<double>(part.height) / static_cast<double>(part.width);
    least = std::min(least, share), most = std::max(most, share);
    flattest = std::min(flattest, ratio), steepest = std::max(steepest, ratio);
  }
  CHECK(least == doctest::Approx(0.02).epsilon(0.05));
  CHECK(most == doctest::Approx(0.1).epsilon(0.05));
  CHECK(flattest == doctest::Approx(0.3).epsilon(0.05));
  CHECK(steepest == doctest::Approx(1 / 0.3).epsilon(0.05));
  for (int i = 0; i < 100; ++i) {  // where there is no room for such a shape
    const CropWindow thin = random_part(1, 200, random), dot = random_part(1, 1, random);
    REQUIRE((thin.height == 1 && thin.left + thin.width <= 200));
    REQUIRE(dot == CropWindow{});
  }
}

TEST_CASE_TEMPLATE("random erasing: a part is grey or noise, and only objects that are mostly covered go", P,
                   std::uint8_t, std::uint16_t, float) {
  int grey = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random parts(seed), random(seed), again(seed);
    const CropWindow part = random_part(60, 80, parts);
    const auto x = static_cast<double>(part.left), y = static_cast<double>(part.top);
    const double w = static_cast<double>(part.width), h = static_cast<double>(part.height);
    const auto sample = [&] {
      return BasicSample<P>{BasicImage<P>(60, 80, 4, pixel_of_level<P>(300)),
                            {{{x, y, x + w, y + h}, 0},
                             {{x, y, x + 2 * w, y + h}, 1},  // a half is covered
                             {{x, y, x + 1.9 * w, y + h}, 2},
                             {{x - 9, y - 9, x - 1, y - 1}, 3}},
                            {}};
    };
    BasicSample<P> erased = sample(), same = sample();
    erase_randomly(erased, 90, random);
    erase_randomly(same, 90, again);
    CHECK(erased.image == same.image);
    CHECK(erased.objects == std::vector<LabelledBox>{sample().objects[1], sample().objects[3]});
    const P fill = pixel_of_level<P>(90);
    double sum = 0;
    int filled = 0, values = 0, changed = 0;
    for (Index row = 0; row < 60; ++row)
      for (Index column = 0; column < 80; ++column)
        for (Index c = 0; c < 4; ++c) {
          const P value = erased.image(row, column, c);
          const bool inside =
              row >= part.top && row < part.top + part.height && column >= part.left && column < part.left + part.width;
          if (!inside) {
            changed += value == pixel_of_level<P>(300) ? 0 : 1;
            continue;
          }
          sum += static_cast<double>(value) / values_per_level<P>;
          filled += value == fill ? 1 : 0;
          ++values;
        }
    CHECK(changed == 0);
    const bool is_grey = filled == values;
    grey += is_grey ? 1 : 0;
    if (!is_grey) CHECK(sum / values == doctest::Approx(127.5).epsilon(0.2));  // 6 deviations of the smallest part
  }
  CHECK(grey > 70);  // of 200; 7 is one deviation
  CHECK(grey < 130);
}

}  // namespace amdefect::random_erasing_test
