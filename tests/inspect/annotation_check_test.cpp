#include "amdefect/inspect/annotation_check.hpp"

#include <doctest/doctest.h>

#include "amdefect/inspect/annotation_text.hpp"
#include "contains.hpp"

using namespace amdefect;

namespace {

CocoAnnotation annotation(std::int64_t id, std::int64_t image, std::int64_t category, CocoBox box) {
  return {id, image, category, box, box.width * box.height};
}

/// Two images of 100 x 80 pixels and one of unknown size without boxes; the categories pore, crack and wire.
CocoSplit split_of(std::vector<CocoAnnotation> annotations) {
  CocoSplit split;
  split.name = "train";
  split.coco.images = {{30, "c.png", 0, 0}, {10, "a.png", 100, 80}, {20, "b, new.png", 100, 80}};
  split.coco.categories = {{3, "pore", ""}, {5, "crack", ""}, {9, "wire", ""}};
  split.coco.annotations = std::move(annotations);
  return split;
}

std::vector<std::size_t> annotations_of(const AnnotationCheck& check, BoxFault fault) {
  std::vector<std::size_t> positions;
  for (const AnnotationCheck::Place& place : check.of(fault)) positions.push_back(place.annotation);
  return positions;
}

using Positions = std::vector<std::size_t>;

}  // namespace

TEST_CASE("each fault of a box is found where it is, and nothing else") {
  const CocoSplit split = split_of({annotation(1, 10, 3, {10, 10, 20, 5.5}),  // sound
                                    annotation(2, 10, 3, {10, 10, 20, 5.5}),  // repeated
                                    annotation(3, 10, 5, {10, 10, 20, 5.5}),  // of another class
                                    annotation(4, 20, 3, {10, 10, 20, 5.5}),  // in another image
                                    annotation(5, 20, 3, {5, 5, 0.5, 30}),    // degenerate
                                    annotation(6, 20, 3, {90, 70, 11, 11}),   // just within the tolerance
                                    annotation(7, 20, 3, {90, 70, 11.5, 5}),  // outside
                                    annotation(8, 10, 3, {-1.5, 0, 9, 9}),    // outside
                                    annotation(9, 10, 5, {0, 0, 100, 80}),    // enormous
                                    annotation(10, 30, 5, {0, 0, 9000, 1}),   // of an image of unknown size
                                    annotation(11, 20, 9, {0, 50, 5, 40})});  // below an image that is wider
  const AnnotationCheck check = check_annotations(split);
  CHECK(annotations_of(check, BoxFault::repeated) == Positions{1});
  CHECK(annotations_of(check, BoxFault::degenerate) == Positions{4});
  CHECK(annotations_of(check, BoxFault::outside) == Positions{6, 7, 10});
  CHECK(annotations_of(check, BoxFault::enormous) == Positions{8});
  CHECK(check.of(BoxFault::outside).at(0).image == 2);
  CHECK(check.of(BoxFault::outside).at(1).image == 1);
  CHECK(check.by_image == std::vector<Positions>{{9}, {0, 1, 2, 7, 8}, {3, 4, 5, 6, 10}});
  CHECK(check.boxes() == 11);
  CHECK(check.most_boxes() == 5);
  CHECK(check.images_without_boxes() == 0);
  CHECK(check.classes == std::vector<std::pair<std::string, Index>>{{"pore", 7}, {"crack", 3}, {"wire", 1}});
  CHECK(check.sides.back() == 9000);
  CHECK(check.images_without_size == 1);
  CHECK(check.usable == 11);
  CHECK(check_annotations(split_of({annotation(1, 10, 3, {100, 10, 5, 5}), annotation(2, 10, 3, {-5, 10, 5, 6}),
                                    annotation(3, 20, 3, {10, 10, 0, 5}), annotation(4, 20, 3, {99, 79, 9, 9})}))
            .usable == 1);
  CHECK_THROWS_AS(check.side(90), Error);
}

TEST_CASE("boxes that are corners, or shares of the image's size, are said to look like it") {
  const auto layout = [](const std::vector<CocoBox>& boxes) {
    std::vector<CocoAnnotation> annotations;
    for (const CocoBox& box : boxes)
      annotations.push_back(annotation(static_cast<std::int64_t>(annotations.size()), 10, 3, box));
    const CocoSplit split = split_of(std::move(annotations));  // 100 x 80
    const AnnotationCheck check = check_annotations(split);
    const std::vector<Finding> found = findings(check, split, 0);
    CHECK((found.front().text == check.box_layout) == !check.box_layout.empty());
    CHECK(box_layout_warning(split.coco) == (check.box_layout.empty() ? "" : "warning: " + check.box_layout + '\n'));
    return check.box_layout;
  };
  CHECK(layout({{5, 5, 20, 30}, {60, 50, 90, 70}, {50, 40, 100, 80}, {10, 20, 30, 40}}) ==
        "boxes look like corners (x1, y1, x2, y2): as x, y, width, height, which COCO's are, 2 of 4 reach beyond their "
        "images, as corners 4 fit");
  CHECK(layout({{5, 5, 20, 30}, {10, 20, 30, 40}}).empty());                                          // may be either
  CHECK(layout({{60, 50, 90, 70}, {50, 40, 100, 80}, {70, 60, 10, 10}}).empty());                     // no corners
  CHECK(layout({{60, 50, 90, 70}, {5, 5, 9, 9}, {5, 5, 8, 8}, {5, 5, 7, 7}, {5, 5, 6, 6}}).empty());  // a single one
  CHECK(layout({{60, 50, 90, 190}, {50, 40, 100, 80}}).empty());                                      // fits in no way
  CHECK(layout({{0, 0, 1, 1}, {0.5, 0.25, 0.1, 0.2}}) ==
        "boxes look like shares of the image's size: no number is above 1; COCO's boxes are in pixels");
  CHECK(layout({{0, 0, 1, 1}, {0.5, 0.25, 0.1, 1.5}}).empty());
  CHECK(layout({}).empty());
}

TEST_CASE("names of categories that differ in case or blanks alone are found") {
  CocoSplit split = split_of({annotation(1, 10, 3, {10, 10, 20, 20})});
  split.coco.categories = {{3, "Scratch", ""}, {4, "pore", ""}, {5, "scratch ", ""}, {6, "pores", ""}};
  CHECK(check_annotations(split).alike_categories == std::vector<std::string>{"'Scratch' and 'scratch '"});
  split.coco.categories = {{3, "pore", ""}, {4, "pore", ""}};
  CHECK(check_annotations(split).alike_categories.empty());
}

TEST_CASE("findings name the first offenders by file and box") {
  const CocoSplit split = split_of({annotation(11, 20, 3, {5, 5, 0, 30}), annotation(12, 10, 3, {1, 2, 0.25, 4}),
                                    annotation(13, 10, 3, {7, 7, 0.5, 4}), annotation(14, 10, 3, {20, 20, 9, 9})});
  const AnnotationCheck check = check_annotations(split);
  const std::vector<Finding> found = findings(check, split, 2);
  REQUIRE(found.size() == 3);
  CHECK(found[0].text == "boxes less than a pixel wide or high: 3");
  CHECK(found[0].examples == std::vector<std::string>{"b, new.png: [5, 5, 0, 30] (annotation 11)",
                                                      "a.png: [1, 2, 0.25, 4] (annotation 12)", "and 1 more"});
  CHECK(found[1].text == "images without a size in the annotations, so that boxes beyond them go unnoticed: 1");
  CHECK(found[2].text == "classes without boxes: crack; wire");
  CHECK(found[2].examples.empty());
  CHECK(findings(check, split, 3)[0].examples.size() == 3);
  CHECK(findings(check, split, 0)[0].examples.empty());

  const std::string text = to_text(check, split, 1);
  CHECK(
      text.starts_with("train: 3 images (1 without boxes), 4 boxes, up to 3 in an image\n  classes: pore 4; crack 0;"));
  CHECK(contains(text, "\n  larger side of a box in pixels: 1 %: 4; 5 %: 4; 50 %: 4;"));
  CHECK(contains(text,
                 "\n  boxes less than a pixel wide or high: 3\n    b, new.png: [5, 5, 0, 30] (annotation 11)\n"
                 "    and 2 more\n"));
  CHECK_FALSE(contains(to_text(check, split), "annotation 11"));
}

TEST_CASE("files listed twice and categories of one name are told, and crowds have no say in the sizes") {
  CocoSplit split = split_of({annotation(1, 10, 3, {10, 10, 20, 5}), annotation(2, 10, 5, {1, 1, 90, 70})});
  split.coco.annotations[1].crowd = true;
  split.coco.images[0].width = split.coco.images[0].height = 50;
  CHECK(findings(check_annotations(split), split, 2).size() == 2);  // the crowd, and a class without boxes
  CHECK(check_annotations(split).side(100) == 20);
  CHECK(check_annotations(split).side(95) == 20);
  for (const std::size_t i : {0U, 2U}) split.coco.images[i].file_name = "b.png";  // not one behind the other
  split.coco.categories[1].name = "pore";
  const std::vector<Finding> found = findings(check_annotations(split), split, 2);
  REQUIRE(found.size() == 4);
  CHECK(found[0].text == "image files listed more than once: 1");
  CHECK(found[0].examples == std::vector<std::string>{"b.png"});
  CHECK(found[1].text == "names of more than one category: 1");
  CHECK(found[1].examples == std::vector<std::string>{"pore"});
}

TEST_CASE("a class with less than 1 % of the boxes is named, one with 1 % is not") {
  std::vector<CocoAnnotation> annotations;
  for (std::int64_t id = 1; id <= 99; ++id)
    annotations.push_back(annotation(id, 10, 3, {0.5, 0.5, 10, 1 + 0.1 * static_cast<double>(id)}));
  annotations.push_back(annotation(100, 10, 5, {1.5, 1, 5, 5}));
  CHECK_FALSE(contains(to_text(check_annotations(split_of(annotations)), split_of(annotations)), "less than 1 %"));
  annotations.push_back(annotation(101, 10, 3, {1.5, 1, 5, 5}));
  const CocoSplit split = split_of(annotations);
  CHECK(contains(to_text(check_annotations(split), split), "\n  classes with less than 1 % of the boxes: crack (1)\n"));
}

TEST_CASE("boxes that are pixel indices are a finding") {
  const CocoSplit split = split_of({annotation(1, 10, 3, {1, 1, 5, 5})});
  AnnotationCheck check = check_annotations(split);
  const std::size_t others = findings(check, split, 0).size();
  check.box_offset = 0.5;
  REQUIRE(findings(check, split, 0).size() == others + 1);
  CHECK(contains(findings(check, split, 0).back().text, "half a pixel is missing"));
}

TEST_CASE("a split without boxes or images has a text, too") {
  CHECK(contains(to_text(check_annotations(split_of({})), split_of({})), "train: 3 images (3 without boxes), 0 boxes"));
  CHECK(to_text(check_annotations({}), {}).starts_with(": 0 images (0 without boxes), 0 boxes, up to 0 in an image"));
}
