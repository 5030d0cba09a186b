#include "amdefect/metrics/image_groups.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "amdefect/coco/groups_by_name.hpp"
#include "amdefect/metrics/detection_metrics.hpp"
#include "contains.hpp"
#include "error_of.hpp"

namespace image_groups_test {

using namespace amdefect;

/// Three images of two machines with an object each; the detector misses that of the third.
CocoDataset machines() {
  CocoDataset dataset;
  dataset.categories = {{1, "pore", ""}, {2, "crack", ""}};
  const char* names[] = {"lot1/machine7_a.png", "lot1/machine12_b.png", "lot2/machine7_c.png"};
  for (std::int64_t id = 1; id <= 3; ++id) {
    dataset.images.push_back({.id = id, .file_name = names[id - 1], .width = 100, .height = 100});
    dataset.annotations.push_back({.id = id, .image_id = id, .category_id = 1, .box = {10, 10, 20, 20}, .area = 400});
  }
  return dataset;
}

const std::vector<CocoResult> found{{1, 1, {10, 10, 20, 20}, 0.9}, {2, 1, {10, 10, 20, 20}, 0.8}};

TEST_CASE("image groups: the group is what the parentheses match, or all of the match") {
  const CocoDataset dataset = machines();
  CHECK(groups_by_name(dataset, "machine([0-9]+)") == std::vector<std::string>{"7", "12", "7"});
  CHECK(groups_by_name(dataset, "^lot[0-9]") == std::vector<std::string>{"lot1", "lot1", "lot2"});
  CHECK(groups_by_name(dataset, "^lot1/(.*)_") == std::vector<std::string>{"machine7", "machine12", "other"});
  CHECK(contains(error_of([&] { groups_by_name(dataset, "machine(["); }), "'machine([' is no regular expression"));
  CocoDataset umlaut;
  umlaut.images.push_back({.id = 1, .file_name = "\xc3\xa4.png", .width = 1, .height = 1});
  CHECK(contains(error_of([&] { groups_by_name(umlaut, "^(.)"); }), "cuts through a character"));
}

TEST_CASE("image groups: each is measured as if it were the data set") {
  const CocoDataset dataset = machines();
  const auto groups = measure_groups(dataset, found, std::vector<std::string>{"7", "12", "7"});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].name == "12");
  CHECK(groups[0].images == 1);
  CHECK(groups[0].ap50 == doctest::Approx(1));
  CHECK(groups[1].truths == 2);
  CHECK(groups[1].ap50 == doctest::Approx(51.0 / 101));  // of 101 recalls those up to 1/2 have precision 1
  CHECK(groups[1].best_f1.counts.f1() == doctest::Approx(2.0 / 3));
  CHECK(groups[1].f1 == doctest::Approx(2.0 / 3));
  CHECK(contains(to_text(groups), "7: 2 images, 2 objects, AP50 0.505"));

  const auto one = measure_groups(dataset, found, std::vector<std::string>(3, "all"), {.score_threshold = 0.85});
  const DetectionMetrics all = measure_detections(dataset, found, {.score_threshold = 0.85});
  CHECK(one.at(0).ap50 == all.ap50);
  CHECK(one.at(0).f1 == all.curves.all.at(0.85).f1());
}

TEST_CASE("image groups: images without a group and results without an image are refused") {
  CHECK(contains(error_of([] { measure_groups(machines(), found, std::vector<std::string>(2)); }),
                 "2 groups for 3 images"));
  const std::vector<CocoResult> strange{{9, 1, {0, 0, 5, 5}, 0.5}};
  CHECK(contains(error_of([&] { measure_groups(machines(), strange, std::vector<std::string>(3)); }),
                 "there is no image with the id 9"));
}

}  // namespace image_groups_test
