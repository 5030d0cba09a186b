#include "amdefect/boxes/nms.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "amdefect/boxes/soft_nms.hpp"
#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

/// Crowds of boxes of very different sizes, many with equal scores and corners, and some that are no boxes at all.
std::vector<Detection> crowd(std::uint64_t seed, bool broken_boxes) {
  Random random(seed);
  const Index count = random.integer(400), extent = 1 + random.integer(300);
  std::vector<Detection> detections;
  for (Index i = 0; i < count; ++i) {
    const auto number = [&](Index most) { return static_cast<double>(random.integer(2 * most + 1)) / 2; };
    const Index size = random.chance(0.05) ? extent : 12;
    const double x = number(extent), y = number(extent) - 50;
    Detection detection{{x, y, x + number(size), y + number(size)}, number(10) / 10, random.integer(2)};
    double* corners[] = {&detection.box.x1, &detection.box.y1, &detection.box.x2, &detection.box.y2};
    if (broken_boxes && random.chance(0.1))
      *corners[random.integer(4)] =
          std::vector{no_number, infinity, -infinity, -500.0}[static_cast<std::size_t>(random.integer(4))];
    if (random.chance(0.02)) detection.score = no_number;
    detections.push_back(detection);
  }
  return detections;
}

/// Suppression by its definition: the best one that is left is kept, and the scores of its class are multiplied by
/// `weight(IoU)`.
template <class Weight>
std::vector<Detection> plain_suppression(std::vector<Detection> left, double score_threshold, Weight&& weight) {
  std::vector<Detection> kept;
  for (;;) {
    Detection* best = nullptr;
    for (Detection& detection : left)
      if (detection.score > (best ? best->score : score_threshold)) best = &detection;
    if (!best) return kept;
    kept.push_back(*best);
    best->score = -1;
    for (Detection& detection : left)
      if (detection.label == kept.back().label) detection.score *= weight(iou(detection.box, kept.back().box));
  }
}

/// Equal bit by bit, NaN included.
bool identical(const std::vector<Detection>& a, const std::vector<Detection>& b) {
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const Detection& x, const Detection& y) {
    return same(x.box.x1, y.box.x1) && same(x.box.y1, y.box.y1) && same(x.box.x2, y.box.x2) &&
           same(x.box.y2, y.box.y2) && x.score == y.score && x.label == y.label;
  });
}

std::vector<Detection> first_ones(std::vector<Detection> detections, std::size_t count) {
  if (detections.size() > count) detections.resize(count);
  return detections;
}

}  // namespace

TEST_CASE("non-maximum suppression is greedy, per class, stable, and drops what is not above the threshold") {
  const Detection first{{0, 0, 10, 10}, 0.9, 0}, overlapping{{0, 0, 10, 9}, 0.8, 0}, other_class{{0, 0, 10, 9}, 0.8, 1};
  const Detection twin{{20, 0, 30, 10}, 0.7, 0}, later_twin{{20, 0, 30, 11}, 0.7, 0};
  const Detection low{{50, 0, 60, 10}, 0.5, 0}, invalid{{70, 0, 80, 10}, no_number, 0};
  const Detection half{{0, 0, 10, 5}, 0.6, 0};  // IoU of exactly 0.5 with the first one
  CHECK(non_maximum_suppression({low, overlapping, other_class, invalid, twin, first, later_twin, half}, 0.5) ==
        std::vector<Detection>{first, other_class, twin, half});
  // A suppressed detection does not suppress others.
  const Detection a{{0, 0, 10, 10}, 0.9, 0}, b{{3, 0, 13, 10}, 0.8, 0}, c{{6, 0, 16, 10}, 0.7, 0};
  CHECK(non_maximum_suppression({a, b, c}, 0) == std::vector<Detection>{a, c});
  CHECK(non_maximum_suppression({a, b, c}, 0, 0.5, 1) == std::vector<Detection>{a});
  CHECK(non_maximum_suppression({}, 0).empty());
  CHECK_THROWS_AS(non_maximum_suppression({}, 0, -0.1), Error);
}

TEST_CASE("non-maximum suppression is that of the definition, for crowds of boxes, good and broken ones") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const std::vector<Detection> detections = crowd(seed, seed % 2 == 1);
    for (const double iou_threshold : {0.0, 0.3, 0.5, 1.0}) {
      const std::vector<Detection> expected =
          plain_suppression(detections, 0.2, [&](double overlap) { return overlap > iou_threshold ? 0 : 1; });
      CHECK(identical(non_maximum_suppression(detections, 0.2, iou_threshold), expected));
      CHECK(identical(non_maximum_suppression(detections, 0.2, iou_threshold, 20), first_ones(expected, 20)));
    }
  }
}

TEST_CASE("soft suppression lowers scores by the overlap, per class, and takes the best one that is left") {
  const Detection a{{0, 0, 10, 10}, 0.9, 0};
  const Detection third{{5, 0, 15, 10}, 0.8, 0};  // IoU with a: 50 / 150
  const Detection half{{0, 0, 10, 5}, 0.7, 0};    // with a: 1/2, with third: 25 / 125
  const Detection apart{{20, 0, 30, 10}, 0.5, 0}, other_class{{0, 0, 10, 10}, 0.4, 1}, low{{50, 0, 60, 10}, 0.1, 0};
  const auto found = soft_non_maximum_suppression({low, other_class, apart, half, third, a}, 0.1, 0.5);
  REQUIRE(found.size() == 5);
  CHECK(found[0] == a);
  CHECK(found[1].box == third.box);  // 0.8 exp(-2/9)
  CHECK(found[1].score == doctest::Approx(0.64058992).epsilon(1e-7));
  CHECK(found[2] == apart);
  CHECK(found[4].box == half.box);  // 0.7 exp(-1/2 - 2/25): behind the one of the other class
  CHECK(found[4].score == doctest::Approx(0.39192889).epsilon(1e-7));
  CHECK(found[3] == other_class);
  CHECK(soft_non_maximum_suppression({third, half, a}, 0.5, 0.5).size() == 2);  // `half` fell below
  CHECK(soft_non_maximum_suppression({third, half, a}, 0, 0.5, 1) == std::vector<Detection>{a});
  const Detection twin{{20, 0, 30, 11}, 0.5, 0};  // equal scores: the first one stays as it is
  CHECK(soft_non_maximum_suppression({twin, apart}, 0, 0.5)[0] == twin);
  CHECK(soft_non_maximum_suppression({apart, twin}, 0, 0.5)[0] == apart);
  CHECK(soft_non_maximum_suppression({}, 0, 0.5).empty());
  for (const double sigma : {0.0, -1.0, no_number}) CHECK_THROWS_AS(soft_non_maximum_suppression({}, 0, sigma), Error);
}

TEST_CASE("soft suppression is that of the definition, for crowds of boxes, good and broken ones") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const std::vector<Detection> detections = crowd(seed, seed % 2 == 1);
    for (const double sigma : {0.1, 0.5}) {
      const std::vector<Detection> expected =
          plain_suppression(detections, 0.1, [&](double overlap) { return std::exp(-overlap * overlap / sigma); });
      CHECK(identical(soft_non_maximum_suppression(detections, 0.1, sigma), expected));
      CHECK(identical(soft_non_maximum_suppression(detections, 0.1, sigma, 20), first_ones(expected, 20)));
    }
  }
}
