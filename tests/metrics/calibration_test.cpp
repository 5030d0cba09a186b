#include "amdefect/metrics/calibration.hpp"

#include <doctest/doctest.h>

#include <cstddef>

using namespace amdefect;

TEST_CASE("bins hold the detections of their scores") {
  ScoreCurve curve;
  curve.points = {{1.0, {1, 0, 9}}, {0.9, {2, 1, 8}}, {0.55, {3, 1, 7}}, {0.5, {3, 4, 7}}, {-0.2, {3, 5, 7}}};
  const Calibration found = calibration(curve, 2);
  REQUIRE(found.bins.size() == 2);
  CHECK(found.detections == 8);
  CHECK(found.bins[0].detections == 1);  // the score below 0
  CHECK(found.bins[0].precision == 0);
  CHECK(found.bins[0].mean_score == doctest::Approx(-0.2));
  CHECK(found.bins[1].detections == 7);
  CHECK(found.bins[1].precision == doctest::Approx(3.0 / 7));
  CHECK(found.bins[1].mean_score == doctest::Approx((1.0 + 2 * 0.9 + 0.55 + 3 * 0.5) / 7));
  CHECK(found.expected_error() == doctest::Approx((0.2 + (4.85 - 3.0)) / 8));
}

TEST_CASE("calibrated scores have no expected error, and neither have none") {
  ScoreCurve curve;
  curve.points = {{0.75, {3, 1, 1}}, {0.25, {4, 4, 0}}};
  CHECK(calibration(curve).expected_error() == doctest::Approx(0));
  CHECK(calibration(ScoreCurve{}).expected_error() == 0);
  CHECK_THROWS_AS(calibration(curve, 0), Error);
}
