#include <doctest/doctest.h>

#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/evaluator.hpp"

using namespace amdefect;

TEST_CASE("boxes convert between corners and COCO's form") {
  const Box box{1, 2, 4, 8};
  CHECK(to_coco(box) == CocoBox{1, 2, 3, 6});
  CHECK(to_corners(to_coco(box)) == box);
  CHECK(box.area() == 18);
  CHECK(Box{4, 2, 1, 8}.area() == 0);
  CHECK(Box{4, 8, 1, 2}.area() == 0);
}

TEST_CASE("iou of corner boxes") {
  CHECK(iou(Box{0, 0, 2, 2}, Box{1, 0, 3, 2}) == doctest::Approx(1.0 / 3));
  CHECK(iou(Box{0, 0, 2, 2}, Box{2, 0, 3, 2}) == 0);
  CHECK(iou(Box{0, 0, 0, 0}, Box{0, 0, 0, 0}) == 0);
  CHECK(iou(Box{0, 0, 1, 1}, Box{5, 5, 4, 4}) == 0);
  CHECK(iou(BasicBox<float>{0, 0, 1, 1}, BasicBox<float>{0, 0, 1, 1}) == 1);
}

TEST_CASE("detections become COCO results") {
  const CocoResult result = to_coco(Detection{{1, 2, 4, 8}, 0.75, 1}, 42, {1, 3});
  CHECK(result.image_id == 42);
  CHECK(result.category_id == 3);
  CHECK(result.box == CocoBox{1, 2, 3, 6});
  CHECK(result.score == 0.75);
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
  CHECK(evaluator.average_precision(0.95) == 0.25);  // class 2 aside, class 0 has an IoU of 0.9
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
}
