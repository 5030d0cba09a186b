#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "amdefect/review/rank_suggestions.hpp"
#include "contains.hpp"
#include "error_of.hpp"

using namespace amdefect;

namespace {

constexpr std::int64_t pore = 1, crack = 2;

/// 40 images with a pore and a crack each, in other places, which are annotated and found, and a false alarm of a low
/// score.
struct ReviewedData {
  CocoDataset data;
  std::vector<CocoResult> found;

  ReviewedData() {
    data.categories = {{pore, "pore", ""}, {crack, "crack", ""}};
    for (int i = 1; i <= 40; ++i) {
      const double x = i * 29 % 170, y = i * 13 % 35, across = i * 41 % 150, down = 60 + i * 7 % 18;
      const double score = 0.6 + 0.005 * i;
      data.images.push_back({i, "image " + std::to_string(i), 300, 100});
      annotate(i, pore, {x, y, 20, 20});
      annotate(i, crack, {across, down, 40, 10});
      const double off = i % 3 - 1;  // the boxes are right in the middle of many images
      found.push_back({i, pore, {x + off, y, 20 - off, 20 + off}, score});
      found.push_back({i, crack, {across, down + off, 40 + off, 10}, score});
      found.push_back({i, pore, {250, static_cast<double>(i), 12, 12}, 0.05});
    }
  }
  void annotate(std::int64_t image, std::int64_t category, CocoBox box) {
    const auto id = static_cast<std::int64_t>(data.annotations.size()) + 1;
    data.annotations.push_back({id, image, category, box, box.width * box.height});
  }
  /// The pore of an image; its crack comes next.
  CocoAnnotation& pore_of(std::int64_t image) { return data.annotations[static_cast<std::size_t>(2 * image - 2)]; }
  Suggestion first() const { return rank_suggestions(data, found).at(0); }
};

}  // namespace

TEST_CASE("an annotation where nothing is found is spurious") {
  ReviewedData reviewed;
  reviewed.annotate(7, crack, {200, 88, 40, 10});
  const Suggestion first = reviewed.first();
  CHECK(first.mistake == Mistake::spurious);
  CHECK(first.image_id == 7);
  CHECK(first.was == AnnotationState{81, crack, {200, 88, 40, 10}});
  CHECK(first.removes());
}

TEST_CASE("what is found outside of the image is no missing annotation") {
  ReviewedData reviewed;
  for (const CocoBox& box : {CocoBox{400, 20, 40, 10}, CocoBox{100, -50, 40, 10}})
    reviewed.found.push_back({9, crack, box, 0.99});
  for (const Suggestion& suggestion : rank_suggestions(reviewed.data, reviewed.found))
    CHECK((suggestion.box.width > 0 && suggestion.box.height > 0));
}

TEST_CASE("a detection without an annotation is a missing one") {
  ReviewedData reviewed;
  reviewed.found.push_back({9, crack, {200.123, 88, 40, 10}, 0.9});
  const Suggestion first = reviewed.first();
  CHECK(first.mistake == Mistake::missing);
  CHECK(first.image_id == 9);
  CHECK(first.category_id == crack);
  CHECK(first.box == CocoBox{200.12, 88, 40, 10});
  CHECK_FALSE(first.was);
  CHECK(contains(first.reason, "crack is found here (0.90)"));

  reviewed.data.annotations.back().image_id = 9;  // unless a group of objects is there
  reviewed.data.annotations.back().box = {190, 80, 60, 20};
  reviewed.data.annotations.back().crowd = true;
  for (const Suggestion& suggestion : rank_suggestions(reviewed.data, reviewed.found))
    CHECK((suggestion.mistake != Mistake::missing || suggestion.image_id != 9 || suggestion.box.x != 200.12));
}

TEST_CASE("an annotation that is found as another class has the wrong one") {
  ReviewedData reviewed;
  reviewed.pore_of(11).category_id = crack;
  const Suggestion first = reviewed.first();
  CHECK(first.mistake == Mistake::wrong_class);
  CHECK(first.was->id == 21);
  CHECK(first.was->category_id == crack);
  CHECK(first.category_id == pore);
  CHECK(first.box == reviewed.pore_of(11).box);
}

TEST_CASE("a box that is found elsewhere does not fit") {
  ReviewedData reviewed;
  CocoBox& box = reviewed.pore_of(13).box;
  box.x += 8;
  box.y += 5;
  const Suggestion first = reviewed.first();
  CHECK(first.mistake == Mistake::loose_box);
  CHECK(first.was->box == box);
  CHECK(first.box == reviewed.found[36].box);
  CHECK(first.category_id == pore);
}

TEST_CASE("a detector that draws its boxes larger than people do is no reason to doubt these") {
  ReviewedData reviewed;
  for (CocoResult& found : reviewed.found) {  // by a fifth to each side: an IoU of one half
    found.box.x -= 0.2 * found.box.width, found.box.width *= 1.4;
    found.box.y -= 0.2 * found.box.height, found.box.height *= 1.4;
  }
  const CocoBox right = reviewed.pore_of(13).box;
  reviewed.pore_of(13).box = {right.x - 5, right.y - 5, 30, 28};  // more like what is found
  const Suggestion first = reviewed.first();
  CHECK(first.mistake == Mistake::loose_box);
  CHECK(first.was->id == 25);
  CHECK(iou(to_corners(first.box), to_corners(right)) > 0.85);
  CHECK(rank_suggestions(reviewed.data, reviewed.found)[1].confidence < 0.1);
}

TEST_CASE("of faint annotations that one is doubted first whose class the image does not hold otherwise") {
  ReviewedData reviewed;
  for (std::int64_t i = 1; i <= 40; ++i) {  // three cracks or three pores in an image, the third one faint
    const std::int64_t category = i % 2 == 0 ? pore : crack;
    const auto image = static_cast<std::size_t>(i - 1);
    for (const std::size_t at : {2 * image, 2 * image + 1}) reviewed.data.annotations[at].category_id = category;
    for (const std::size_t at : {3 * image, 3 * image + 1}) reviewed.found[at].category_id = category;
    if (i % 4 < 2) reviewed.annotate(i, i == 21 ? pore : category, {200, 88, 40, 10});
  }
  const Suggestion first = reviewed.first();
  CHECK(first.mistake == Mistake::spurious);
  CHECK(first.image_id == 21);
  CHECK(first.confidence > 2 * rank_suggestions(reviewed.data, reviewed.found)[1].confidence);
}

TEST_CASE("an edge that is hard to tell may lie anywhere") {
  detail::EdgeErrors edges;
  for (int i = -20; i <= 20; ++i) {
    const double x = 0.5 * i, y = 0.05 * i;
    edges.add(pore, {x, y, 100, 100}, {0, 0, 100, 100});
  }
  edges.fit();
  const Box found{0, 0, 100, 100};
  CHECK(edges.misfit(pore, found, found) == doctest::Approx(0));
  CHECK(edges.misfit(pore, {15, 0, 100, 100}, found) < edges.misfit(pore, {0, 5, 100, 100}, found));
  CHECK(edges.misfit(crack, {0, 5, 100, 100}, found) == edges.misfit(pore, {0, 5, 100, 100}, found));
  CHECK(edges.corrected(pore, found) == found);
  CHECK(detail::EdgeErrors().corrected(pore, found) == found);
}

TEST_CASE("of two annotations of one object the worse box is a duplicate") {
  ReviewedData reviewed;
  CocoBox box = reviewed.pore_of(15).box;
  box.x -= 2;
  reviewed.annotate(15, pore, box);
  const Suggestion first = reviewed.first();
  CHECK(first.mistake == Mistake::duplicate);
  CHECK(first.was->id == 81);
  CHECK(contains(first.reason, "annotation 29"));
}

TEST_CASE("the first suggestions are the mistakes, each once") {
  ReviewedData reviewed;
  reviewed.annotate(7, crack, {200, 88, 40, 10});
  reviewed.found.push_back({9, crack, {200, 88, 40, 10}, 0.9});
  reviewed.pore_of(11).category_id = crack;
  reviewed.pore_of(13).box.x += 9;
  CocoBox box = reviewed.pore_of(15).box;
  box.x -= 2;
  reviewed.annotate(15, pore, box);
  const std::vector<Suggestion> ranked = rank_suggestions(reviewed.data, reviewed.found);
  std::vector<bool> seen(mistake_names.size());
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(ranked[i].confidence >= ranked[i + 1].confidence);
    seen[static_cast<std::size_t>(ranked[i].mistake)] = true;
  }
  CHECK(seen == std::vector<bool>(5, true));
  CHECK(ranked[4].confidence > 2 * ranked[5].confidence);
}

TEST_CASE("a detection of an unknown image or category is refused; without detections nothing is known") {
  ReviewedData reviewed;
  CHECK(contains(error_of([&] { rank_suggestions(reviewed.data, {{99, pore, {0, 0, 1, 1}, 0.5}}); }), "image 99"));
  CHECK(contains(error_of([&] { rank_suggestions(reviewed.data, {{1, 99, {0, 0, 1, 1}, 0.5}}); }), "category 99"));
  for (const Suggestion& suggestion : rank_suggestions(reviewed.data, {})) CHECK(suggestion.confidence < 0.1);
  CHECK(rank_suggestions({}, {}).empty());
}

TEST_CASE("the probability of a value never falls and is never certain") {
  const MonotoneProbability probability({{0.1, false}, {0.2, false}, {0.3, true}, {0.4, false}, {0.5, true}});
  double before = 0;
  for (double value = 0; value <= 1; value += 0.05) {
    CHECK(probability(value) >= before);
    before = probability(value);
  }
  CHECK(probability(0) == doctest::Approx(0.25));    // two wrong ones and one of each
  CHECK(probability(0.35) == doctest::Approx(0.5));  // one pool of two
  CHECK(probability(1) == doctest::Approx(2.0 / 3));
  CHECK(MonotoneProbability({})(0.3) == 0.5);
}
