#include "amdefect/metrics/coco_iou.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/rounding.hpp"

using namespace amdefect;

namespace {

/// Every product and sum rounded by a store to memory, which no compiler may leave out.
double rounded_iou(const CocoBox& d, const CocoBox& g, bool crowd) {
  const volatile double right = std::min(d.x + d.width, g.x + g.width), left = std::max(d.x, g.x);
  const volatile double bottom = std::min(d.y + d.height, g.y + g.height), top = std::max(d.y, g.y);
  const volatile double width = right - left, height = bottom - top;
  if (width <= 0 || height <= 0) return 0;
  const volatile double common = width * height, detection = d.width * d.height, truth = g.width * g.height;
  const volatile double sum = detection + truth, all = crowd ? detection : sum - common;
  return common / all;
}

CocoBox random_box(Random& random) {
  return {random.uniform(0, 3), random.uniform(0, 3), random.uniform(0, 3), random.uniform(0, 3)};
}

}  // namespace

// These two are also compiled with fused multiply-add and contraction allowed (tests/CMakeLists.txt).
TEST_CASE("a rounded product is not fused with the sum it goes into") {
  Random random(1);
  Index fused = 0;
  for (int i = 0; i < 1000; ++i) {
    const double a = random.uniform(), b = random.uniform();
    const volatile double left = a, right = b;  // so that the compiler cannot see that both products are the same
    const volatile double product = left * right;
    fused += detail::rounded(a * b) - product != 0;
  }
  CHECK(fused == 0);
}

TEST_CASE("coco_iou is the same in every bit whatever the compiler flags") {
  Random random(1);
  Index different = 0, overlapping = 0;
  for (int i = 0; i < 20000; ++i) {
    const CocoBox a = random_box(random), b = random_box(random);
    const bool crowd = i % 4 == 0;
    const double expected = rounded_iou(a, b, crowd);
    different += coco_iou(a, b, crowd) != expected;
    overlapping += expected > 0;
  }
  CHECK(different == 0);
  CHECK(overlapping > 5000);
}

TEST_CASE("coco_iou of touching, contained and empty boxes") {
  const CocoBox box{10, 10, 20, 10};
  CHECK(coco_iou(box, box) == 1);
  CHECK(coco_iou({30, 10, 5, 5}, box) == 0);
  CHECK(coco_iou({10, 20, 5, 5}, box) == 0);
  CHECK(coco_iou({10, 10, 10, 10}, box) == 0.5);
  CHECK(coco_iou({10, 10, 10, 10}, box, true) == 1);
  CHECK(coco_iou(box, {10, 10, 10, 10}, true) == 0.5);
  CHECK(coco_iou({10, 10, 0, 10}, box) == 0);
  CHECK(coco_iou({10, 10, 0, 0}, {10, 10, 0, 0}) == 0);
}

TEST_CASE("an IoU that equals a threshold matches, one unit below it does not") {
  CocoDataset dataset;
  dataset.images = {{1, "", 0, 0}};
  dataset.categories = {{1, "", ""}};
  dataset.annotations = {{1, 1, 1, {0, 0, 100, 1}, 100, false, false}};
  const auto recalls = [&](double width) {
    const std::vector<CocoResult> results = {{1, 1, {0, 0, width, 1}, 0.5}};
    return evaluate_coco(dataset, results).per_category[0].recall_by_iou;
  };
  for (std::size_t t = 0; t < 10; ++t) {
    const double threshold = coco_iou_thresholds()[t];
    CHECK(recalls(100 * threshold * (1 + 1e-12))[t] == 1);
    CHECK(recalls(100 * threshold * (1 - 1e-12))[t] == 0);
  }
  CHECK(recalls(50)[0] == 1);  // exactly 0.5
  CHECK(recalls(75)[5] == 1);  // exactly 0.75
  CHECK(recalls(90)[8] == 1);  // 0.9 is above numpy's 0.8999999999999999
}

TEST_CASE("a threshold of 1 leaves 1e-10 for rounding, as in pycocotools") {
  CocoDataset dataset;
  dataset.images = {{1, "", 0, 0}};
  dataset.categories = {{1, "", ""}};
  dataset.annotations = {{1, 1, 1, {0, 0, 1, 1}, 1, false, false}};
  CocoEvalOptions options;
  options.iou_thresholds = {1};
  const auto check_recall = [&](double width, double expected) {
    const std::vector<CocoResult> results = {{1, 1, {0, 0, width, 1}, 0.5}};
    const CocoEvaluation evaluation = evaluate_coco(dataset, results, options);
    CHECK(evaluation.recall(0, 0, 0, 0, 0) == expected);
    CHECK(evaluation.stats[stat_ar_max2] == expected);
  };
  check_recall(1 - 0.5e-10, 1);
  check_recall(1 - 1.5e-10, 0);
}

TEST_CASE("COCO's thresholds and recall values are those of numpy's linspace") {
  CHECK(coco_iou_thresholds()[8] == 0.8999999999999999);
  CHECK(coco_recall(7) == 0.07);
  CHECK(coco_recall(35) == 0.35000000000000003);
  CHECK(coco_recall(70) == 0.7000000000000001);
  CHECK(coco_recall(100) == 1);
}
