#include <doctest/doctest.h>

#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/evaluator.hpp"

using namespace amdefect;

TEST_CASE("detections become COCO results") {
  const CocoResult result = to_coco(Detection{{1, 2, 4, 8}, 0.75, 1}, 42, {1, 3});
  CHECK(result.image_id == 42);
  CHECK(result.category_id == 3);
  CHECK(result.box == CocoBox{1, 2, 3, 6});
  CHECK(result.score == 0.75);
}

TEST_CASE("what is not said of a ground truth or a detection is 0") {
  const CocoAnnotation truth;
  CHECK((truth.id == 0 && truth.image_id == 0 && truth.category_id == 0 && truth.area == 0));
  CHECK((truth.box == CocoBox{} && !truth.crowd && !truth.ignore));
  const CocoResult result;
  CHECK((result.image_id == 0 && result.category_id == 0 && result.box == CocoBox{} && result.score == 0));
}

TEST_CASE("the evaluator collects images and gives COCO's AP50") {
  DetectionEvaluator evaluator(3);
  CHECK(evaluator.map50() == -1);
  const std::vector<LabelledBox> truths = {{{0, 0, 0.1, 0.1}, 0}, {{0.5, 0.5, 0.9, 0.9}, 2}};
  const std::vector<Detection> detections = {
      {{0, 0, 0.1, 0.09}, 0.9, 0}, {{0.5, 0.5, 0.9, 0.9}, 0.8, 1}, {{0.9, 0.9, 0.2, 0.2}, 0.7, 1}};
  evaluator.add(truths, detections);
  CHECK(evaluator.map50() == doctest::Approx(0.5));  // class 0 found, class 2 not, class 1 has no ground truth
  const std::vector<LabelledBox> crowd = {{{0.5, 0.5, 0.9, 0.9}, 2}};
  evaluator.add({}, {}, crowd);
  CHECK(evaluator.map50() == doctest::Approx(0.5));  // a crowd need not be found
  CHECK(evaluator.map50() == evaluator.evaluate().stats[stat_ap50]);
  CHECK(evaluator.average_precision(0.5) == evaluator.map50());
  CHECK(evaluator.average_precision(0.95) == 0);  // the box of class 0 has an IoU of 0.9
  CHECK(evaluator.evaluate({.fix_known_bugs = true}).stats[stat_ap50] == evaluator.map50());
  CHECK(evaluator.images() == 2);
  CHECK(evaluator.dataset().annotations.size() == 3);
  CHECK(evaluator.results().size() == 3);
  CHECK_THROWS_WITH_AS(evaluator.add(std::vector<LabelledBox>{{{}, 3}}, {}),
                       "evaluator: image 2 has an object of class 3, expected 0 to 2", Error);
  CHECK(evaluator.images() == 2);
  evaluator.clear();
  CHECK(evaluator.images() == 0);
  CHECK(evaluator.map50(1) == -1);
  CHECK(evaluator.average_precision(0.5) == 0);
}
