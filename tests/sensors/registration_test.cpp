#include "amdefect/sensors/registration.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "amdefect/sensors/resample.hpp"

using namespace amdefect;

namespace registration_test {

void check_near(const Registration& a, const Registration& b) {
  const double as[] = {a.xx, a.xy, a.x0, a.yx, a.yy, a.y0}, bs[] = {b.xx, b.xy, b.x0, b.yx, b.yy, b.y0};
  for (int i = 0; i < 6; ++i) CHECK(as[i] == doctest::Approx(bs[i]).epsilon(1e-12));
}

/// A picture whose value at (x, y) is linear in the place, which bilinear interpolation gives exactly.
BasicImage<float> ramp(Index height, Index width) {
  BasicImage<float> image(height, width, 2);
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x) {
      image(y, x, 0) = 3 * (static_cast<float>(x) + 0.5F) - 2 * (static_cast<float>(y) + 0.5F) + 7;
      image(y, x, 1) = static_cast<float>(x) + 0.5F;
    }
  return image;
}

const Registration turned{0.3, -0.4, 9, 0.4, 0.3, 2};

}  // namespace registration_test
using namespace registration_test;

TEST_CASE("a registration and its inverse lead back, and compose to nothing") {
  check_near(compose(inverse(turned), turned), Registration{});
  check_near(compose(turned, inverse(turned)), Registration{});
  const PicturePoint p{12.5, -3}, there = turned(p), back = inverse(turned)(there);
  CHECK(there.x == doctest::Approx(0.3 * 12.5 + 0.4 * 3 + 9));
  CHECK(there.y == doctest::Approx(0.4 * 12.5 - 0.3 * 3 + 2));
  CHECK(back.x == doctest::Approx(p.x));
  CHECK(back.y == doctest::Approx(p.y));
}

TEST_CASE("composition is one map after the other") {
  const Registration second{2, 0.5, -1, 0, 3, 4};
  const PicturePoint p{5, 8}, whole = compose(second, turned)(p), steps = second(turned(p));
  CHECK(whole.x == doctest::Approx(steps.x));
  CHECK(whole.y == doctest::Approx(steps.y));
}

TEST_CASE("millimetres make a registration") {
  // A reference of 0.1 mm per pixel that begins at (10, 20) mm, a sensor of 0.4 mm per pixel that begins at (8, 21).
  const Registration r = registration_of({0.1, 10, 20}, {0.4, 8, 21});
  const PicturePoint corner = r({0, 0}), far = r({40, 80});  // (10, 20) mm and (14, 28) mm
  CHECK(corner.x == doctest::Approx(5));
  CHECK(corner.y == doctest::Approx(-2.5));
  CHECK(far.x == doctest::Approx(15));
  CHECK(far.y == doctest::Approx(17.5));
  CHECK_THROWS_WITH_AS(registration_of({0.1, 0, 0}, {0, 0, 0}),
                       "registration: 0 mm per pixel, expected a number above 0", Error);
}

TEST_CASE("a matrix that maps the picture to a line is refused") {
  CHECK_THROWS_WITH_AS(
      registration_of({{{1, 2, 0}, {2, 4, 5}}}),
      "registration: the matrix [[1, 2, 0], [2, 4, 5]] is singular: it maps the picture to a line or a "
      "point",
      Error);
  CHECK_THROWS_AS(registration_of({{{0, 0, 0}, {0, 1, 0}}}), Error);
  CHECK_THROWS_AS(registration_of({{{NAN, 0, 0}, {0, 1, 0}}}), Error);
  CHECK_NOTHROW(registration_of({{{1e-5, 0, 0}, {0, 1e-5, 0}}}));  // small is not singular
}

TEST_CASE("resampling finds the places of the sensor") {
  const BasicImage<float> sensor = ramp(30, 40);
  SUBCASE("as it is") { CHECK(resample(sensor, Registration{}, 30, 40) == sensor); }
  SUBCASE("turned and enlarged: exact for a linear picture") {
    const BasicImage<float> seen = resample(sensor, turned, 20, 12);
    for (Index y = 0; y < 20; ++y)
      for (Index x = 0; x < 12; ++x) {
        const PicturePoint p = turned({static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5});
        if (p.x < 0.5 || p.y < 0.5 || p.x > 39.5 || p.y > 29.5) continue;
        CHECK(seen(y, x, 0) == doctest::Approx(3 * p.x - 2 * p.y + 7).epsilon(1e-5));
        CHECK(seen(y, x, 1) == doctest::Approx(p.x).epsilon(1e-5));
      }
  }
  SUBCASE("what the sensor does not see is unknown") {
    const BasicImage<float> seen = resample(sensor, {1, 0, -5, 0, 1, 0}, 30, 40);
    CHECK(std::isnan(seen(3, 4, 0)));
    CHECK(seen(3, 5, 1) == 0.5F);
    CHECK(std::isnan(seen(3, 4, 1)));
  }
  SUBCASE("pictures with nothing in common are refused") {
    CHECK_THROWS_WITH_AS(
        resample(sensor, {1, 0, 100, 0, 1, 0}, 30, 40),
        "resample: by its registration the sensor's picture of 40x30 pixels and the reference of 40x30 "
        "have nothing in common",
        Error);
  }
}

TEST_CASE("where it shrinks, resampling takes the mean of what a pixel covers") {
  BasicImage<std::uint16_t> sensor(6, 9, 1);
  Index number = 0;
  for (std::uint16_t& value : sensor.values()) value = static_cast<std::uint16_t>(1000 * (number++ % 7));
  const BasicImage<float> seen = resample(sensor, stretch_registration(2, 3, 6, 9), 2, 3);
  for (Index y = 0; y < 2; ++y)
    for (Index x = 0; x < 3; ++x) {
      double sum = 0;
      for (Index i = 0; i < 9; ++i) sum += sensor(3 * y + i / 3, 3 * x + i % 3, 0);
      CHECK(seen(y, x, 0) == doctest::Approx(sum / 9));
    }
  CHECK_THROWS_AS(resample(sensor, {300, 0, 0, 0, 1, 0}, 2, 3), Error);
}
