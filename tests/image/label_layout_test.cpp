#include "amdefect/image/label_layout.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace amdefect;

namespace {

struct Scene {
  PixelSize picture;
  std::vector<LabelRequest> requests;
};

/// Boxes of many sizes, some at and beyond the border, with a long and a short text each.
Scene random_scene(unsigned seed) {
  std::mt19937 generator(seed);
  const auto number = [&](Index first, Index last) {
    return std::uniform_int_distribution<Index>(first, last)(generator);
  };
  Scene scene{{number(1, 700), number(1, 700)}, {}};
  for (Index count = number(1, 150); count > 0; --count) {
    const Index side = number(0, 20) == 0 ? 300 : 25;
    const Index x = number(-20, scene.picture.width + 10), y = number(-20, scene.picture.height + 10);
    scene.requests.push_back({{x, y, x + number(0, side), y + number(0, side)},
                              static_cast<double>(number(1, 20)) / 20,
                              {{number(40, 90), 11}, {25, 11}}});
  }
  return scene;
}

bool overlap(const PixelBox& a, const PixelBox& b) { return intersection(a, b).area() > 0; }

PixelBox grown(const PixelBox& box, Index by) { return {box.x1 - by, box.y1 - by, box.x2 + by, box.y2 + by}; }

}  // namespace

TEST_CASE("labels lie in the picture and on no other box, frame or label, in crowded scenes") {
  std::size_t placed = 0, left_out = 0, second_text = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto [picture, requests] = random_scene(seed);
    const Index frame = seed % 4;
    const auto positions = lay_out_labels(requests, picture, {.frame = frame});
    REQUIRE(positions.size() == requests.size());
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (!positions[i]) {
        ++left_out;
        continue;
      }
      ++placed;
      const auto& [area, text] = *positions[i];
      second_text += text;
      REQUIRE(area.width() == requests[i].texts[text].width);
      REQUIRE(area.height() == requests[i].texts[text].height);
      REQUIRE((area.x1 >= 0 && area.y1 >= 0 && area.x2 <= picture.width && area.y2 <= picture.height));
      for (std::size_t j = 0; j < positions.size(); ++j) {
        if (j == i) continue;
        REQUIRE_FALSE(overlap(area, frame_box(requests[j].box, frame, picture)));
        if (positions[j]) REQUIRE_FALSE(overlap(area, positions[j]->area));
      }
      // At its own box: it touches the frame, and covers little of the inside.
      const PixelBox own = frame_box(requests[i].box, frame, picture);
      const PixelBox near = intersection(grown(own, 1), grown(area, 0));
      REQUIRE((near.width() >= 1 && near.height() >= 1));
      REQUIRE((!overlap(own, area) || 8 * area.area() <= own.area()));
    }
  }
  CHECK(placed > 2000);
  CHECK(left_out > 2000);
  CHECK(second_text > 200);
}

TEST_CASE("labels of lower score give way") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto [picture, requests] = random_scene(seed);
    const auto all = lay_out_labels(requests, picture);
    // Without the labels of the weaker half (their boxes stay) nothing changes for the stronger one.
    std::vector<LabelRequest> strong = requests;
    for (LabelRequest& request : strong)
      if (request.score < 0.5) request.texts.clear();
    const auto fewer = lay_out_labels(strong, picture);
    for (std::size_t i = 0; i < requests.size(); ++i)
      if (requests[i].score >= 0.5)
        CHECK(fewer[i] == all[i]);
      else
        CHECK_FALSE(fewer[i].has_value());
  }
  // Between two boxes there is space for one label.
  const PixelSize picture{40, 34};
  std::vector<LabelRequest> two = {{{0, 0, 40, 12}, 0.4, {{40, 10}}}, {{0, 22, 40, 34}, 0.6, {{40, 10}}}};
  CHECK_FALSE(lay_out_labels(two, picture)[0].has_value());
  CHECK(lay_out_labels(two, picture)[1] == LabelPosition{{0, 12, 40, 22}, 0});
  two[1].score = 0.4;  // of equal ones the first
  CHECK(lay_out_labels(two, picture)[0] == LabelPosition{{0, 12, 40, 22}, 0});
}

TEST_CASE("a label takes the first free position around its box, or one inside of a large box") {
  const PixelSize picture{200, 100};
  const auto position = [&](const PixelBox& box, const LabelLayoutOptions& options = {}) {
    return lay_out_labels(std::vector<LabelRequest>{{box, 1, {{30, 10}}}}, picture, options)[0];
  };
  CHECK(position({50, 40, 60, 50}, {.frame = 2}) == LabelPosition{{48, 28, 78, 38}, 0});      // above
  CHECK(position({185, 40, 195, 50}, {.frame = 2}) == LabelPosition{{167, 28, 197, 38}, 0});  // ends with the box
  CHECK(position({50, 4, 60, 50}, {.frame = 2}) == LabelPosition{{48, 52, 78, 62}, 0});       // below
  CHECK(position({50, 0, 60, 100}, {.frame = 2}) == LabelPosition{{62, 0, 92, 10}, 0});       // beside
  CHECK(position({0, 0, 200, 100}, {.frame = 2}) == LabelPosition{{2, 2, 32, 12}, 0});        // inside
  CHECK_FALSE(position({50, 40, 60, 50}, {.max_cover = 0.01}).has_value());
  CHECK(position({50, 40, 60, 50}, {.max_cover = 0.015}).has_value());
  const std::vector<LabelRequest> wide = {{{50, 40, 60, 50}, 1, {{201, 10}}}};
  CHECK_FALSE(lay_out_labels(wide, picture)[0].has_value());
  CHECK(lay_out_labels({}, picture).empty());
  CHECK_FALSE(lay_out_labels(wide, {0, 0})[0].has_value());
}
