#include "amdefect/image/draw_detections.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

using namespace amdefect;

namespace {

const std::vector<std::string> names = {"pore", "scratch"};
const DrawOptions bare{.labels = false, .legend = false};

Rgb color_at(const Image& image, Index y, Index x) { return {image(y, x, 0), image(y, x, 1), image(y, x, 2)}; }

/// The pixels of this colour.
Index count_color(const Image& image, const Rgb& color) {
  Index count = 0;
  for (Index y = 0; y < image.height(); ++y)
    for (Index x = 0; x < image.width(); ++x) count += color_at(image, y, x) == color;
  return count;
}

/// Boxes of 6 pixels in rows and columns 40 pixels apart.
std::vector<Detection> crowd(Index side, Index classes) {
  std::mt19937 generator(7);
  std::vector<Detection> detections;
  for (Index y = 20; y + 20 < side; y += 40)
    for (Index x = 20; x + 20 < side; x += 40) {
      const auto score = std::uniform_real_distribution<double>(0.3, 1)(generator);
      detections.push_back({{double(x), double(y), double(x) + 6, double(y) + 6},
                            score,
                            static_cast<Index>(detections.size()) % classes});
    }
  return detections;
}

}  // namespace

TEST_CASE("a frame lies around its object and leaves the inside as it was") {
  const Image image(300, 300, 3, 200);
  const Image drawn = draw_detections(image, std::vector<Detection>{{{20, 10, 50, 40}, 0.9, 0}}, names, bare);
  REQUIRE(drawn.shape() == image.shape());
  const Rgb ground{200, 200, 200}, color = class_color(0);
  for (Index y = 10; y < 40; ++y)
    for (Index x = 20; x < 50; ++x) REQUIRE(color_at(drawn, y, x) == ground);
  for (Index i = -1; i < 31; ++i) {
    for (const auto& [y, x] :
         {std::pair{Index{9}, 20 + i}, {Index{40}, 20 + i}, {10 + i, Index{19}}, {10 + i, Index{50}}})
      CHECK(color_at(drawn, y, x) == color);
    for (const auto& [y, x] :
         {std::pair{Index{8}, 20 + i}, {Index{41}, 20 + i}, {10 + i, Index{18}}, {10 + i, Index{51}}})
      CHECK(color_at(drawn, y, x) == drawing_dark);
  }
  CHECK(color_at(drawn, 7, 30) == ground);
  CHECK(count_color(drawn, color) == 4 * 31);
}

TEST_CASE("the frame of an object at the border is seen, too") {
  const Image drawn =
      draw_detections(Image(300, 300, 1, 200), std::vector<Detection>{{{0, 0, 300, 300}, 0.9, 0}}, names, bare);
  CHECK(color_at(drawn, 0, 150) == drawing_dark);
  CHECK(color_at(drawn, 1, 150) == class_color(0));
  CHECK(color_at(drawn, 150, 298) == class_color(0));
  CHECK(color_at(drawn, 150, 150) == Rgb{200, 200, 200});
}

TEST_CASE("the surer a detection, the more closed its frame, also around six pixels") {
  for (const double side : {6.0, 15.0, 100.0}) {
    std::vector<Index> length;
    for (const double score : {0.5, 0.7, 0.8}) {
      const Detection found{{100, 100, 100 + side, 100 + side}, score, 0};
      const Image drawn = draw_detections(Image(300, 300, 1, 200), std::vector<Detection>{found}, names, bare);
      length.push_back(count_color(drawn, class_color(0)));
      CHECK(color_at(drawn, 99, 99) == class_color(0));  // the corner shows where the box is
    }
    CHECK(length[0] * 4 <= length[1] * 3);
    CHECK(length[1] * 4 <= length[2] * 3);
    CHECK(length[2] == 4 * (static_cast<Index>(side) + 1));
  }
  const ConfidenceSteps steps = confidence_steps(0.2);
  CHECK(steps.of(0.39) == Confidence::low);
  CHECK(steps.of(0.41) == Confidence::medium);
  CHECK(steps.of(0.59) == Confidence::medium);
  CHECK(steps.of(0.61) == Confidence::high);
  CHECK(steps.of(1) == Confidence::high);
}

TEST_CASE("the sure one is on top") {
  const std::vector<Detection> both = {{{100, 100, 140, 140}, 0.9, 0}, {{90, 120, 160, 121}, 0.8, 1}};
  CHECK(color_at(draw_detections(Image(300, 300, 1), both, names, bare), 119, 99) == class_color(0));
}

TEST_CASE("labels cover no object in a crowded picture, and a class is named once where it is the only one") {
  for (const Index classes : {1, 2}) {
    const std::vector<Detection> found = crowd(300, classes);
    const Image drawn = draw_detections(Image(300, 300, 1, 200), found, names);
    for (const auto& [box, score, label] : found)
      for (Index y = 0; y < 6; ++y)
        for (Index x = 0; x < 6; ++x)
          REQUIRE(color_at(drawn, static_cast<Index>(box.y1) + y, static_cast<Index>(box.x1) + x) ==
                  Rgb{200, 200, 200});
  }
  // One class: the label of a box is as wide as its score.
  const auto label_width = [](const std::vector<Detection>& found) {
    Image drawn = draw_detections(Image(300, 300, 1, 200), found, names, {.legend = false});
    Index width = 0;
    while (color_at(drawn, 90, 98 + width) != Rgb{200, 200, 200}) ++width;
    return width;
  };
  CHECK(label_width({{{100, 100, 106, 106}, 0.9, 0}}) == text_width("0.90") + 3);
  CHECK(label_width({{{100, 100, 106, 106}, 0.9, 0}, {{200, 200, 206, 206}, 0.9, 1}}) == text_width("pore 0.90") + 3);
}

TEST_CASE("a crowded picture has labels for the highest scores only") {
  std::vector<Detection> found = crowd(600, 1);
  REQUIRE(found.size() > 40);
  for (Detection& detection : found) detection.score = 0.6;
  found.back().score = 0.9;  // of high confidence: its label is a plate of its colour
  const auto drawn = [&](Index max_labels) {
    return draw_detections(Image(600, 600, 1, 200), found, names, {.max_labels = max_labels, .legend = false});
  };
  const auto text_pixels = [&](Index max_labels) { return count_color(drawn(max_labels), lighter(class_color(0))); };
  CHECK(text_pixels(0) == 0);
  CHECK(text_pixels(1) == 0);
  CHECK(count_color(drawn(1), class_color(0)) > count_color(drawn(0), class_color(0)) + 100);
  CHECK(text_pixels(21) == 2 * text_pixels(11));  // 20 and 10 labels of low confidence, all the same
  CHECK(text_pixels(40) == 39 * text_pixels(2));
}

TEST_CASE("the legend names classes with their numbers, and what frames mean") {
  const std::vector<Detection> found = {{{1, 1, 5, 5}, 0.9, 1}, {{9, 9, 20, 20}, 0.4, 1}, {{50, 50, 60, 60}, 0.6, 7}};
  const detail::DetectionDrawing drawing(found, names, {300, 300}, 1, {});
  std::vector<std::string> texts;
  for (const LegendEntry& entry : drawing.legend()) texts.push_back(entry.text);
  CHECK(texts == std::vector<std::string>{"scratch: 2", "class 7: 1", "score from 0.75", "from 0.62", "below"});
  CHECK(drawing.legend()[0].color == class_color(1));
  CHECK(detail::DetectionDrawing({}, names, {300, 300}, 1, {}).legend()[0].text == "no objects");
  std::vector<Detection> many;
  for (Index label = 0; label < 40; ++label) many.push_back({{1, 1, 5, 5}, 0.9, label});
  const auto entries = detail::DetectionDrawing(many, names, {300, 300}, 1, {}).legend();
  CHECK(entries.size() == 24 + 1 + 3);
  CHECK(entries[24].text == "and 16 more classes");
}

TEST_CASE("a legend fits any width: its entries go into as many lines as they need") {
  const std::vector<LegendEntry> entries = {{"pore: 76", class_color(0)}, {"a name of many words: 1", class_color(1)}};
  CHECK(legend_height(entries, 1000) < legend_height(entries, 150));
  CHECK(2 * legend_height(entries, 1000) == legend_height(entries, 2000, 2));
  CHECK(legend_height({}, 1000) == 0);
  for (const Index width : {1, 20, 60, 150, 400}) {
    Image image(200, width, 3, 200);
    draw_legend(image, 100, entries);
    const Index bottom = 100 + legend_height(entries, width);
    for (Index y = 0; y < 200; ++y) CHECK((color_at(image, y, 0) == Rgb{200, 200, 200}) == (y < 100 || y >= bottom));
    if (width == 400) CHECK(count_color(image, class_color(1)) == 4 * 8);
  }
}

TEST_CASE("lines and text grow with the picture, tiny pictures grow by a whole number") {
  for (const auto& [side, width] : {std::pair{64, 1}, {640, 1}, {1100, 1}, {2000, 3}, {4000, 5}})
    CHECK(drawing_line_width(side, side) == width);
  CHECK(drawing_scale(64, 64) == 4);
  CHECK(drawing_scale(100, 700) == 2);
  CHECK(drawing_scale(255, 255) == 2);
  CHECK(drawing_scale(256, 999) == 1);
  CHECK(drawing_scale(10, 4000) == 1);
  CHECK(drawing_scale(1, 1) == 256);

  const Image drawn = draw_detections(Image(64, 64, 1, 200), std::vector<Detection>{{{10, 20, 16, 26}, 0.9, 0}}, names);
  CHECK(drawn.width() == 256);
  CHECK(drawn.height() > 256);  // the legend is below
  CHECK(color_at(drawn, 80, 39) == class_color(0));
  for (Index y = 80; y < 104; ++y)
    for (Index x = 40; x < 64; ++x) REQUIRE(color_at(drawn, y, x) == Rgb{200, 200, 200});
  const Image large =
      draw_detections(Image(2000, 2000, 1, 200), std::vector<Detection>{{{500, 500, 520, 520}, 0.9, 0}}, names, bare);
  CHECK(count_color(large, class_color(0)) == 4 * 3 * 23);
}

TEST_CASE("detections anywhere, of any size and of any class do no harm") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<Detection> found;
  for (const Box& box : {Box{-1e300, -1e300, 1e300, 1e300}, Box{-inf, 3, inf, 5}, Box{50, 50, 50, 50}, Box{9, 9, 3, 3},
                         Box{nan, 1, 2, 3}, Box{-50, 2, -40, 9}, Box{3, 3, 5, 5}})
    for (const double score : {0.3, 0.9, nan, inf})
      for (const Index label : {-1, 0, 99}) found.push_back({box, score, label});
  for (const Index height : {1, 20, 300})
    for (const Index width : {1, 30, 3000}) {
      const Image drawn = draw_detections(Image(height, width, 1, 100), found, {"Überhitzung 日本"});
      CHECK(drawn.width() == width * drawing_scale(height, width));
    }
  CHECK_THROWS_AS(draw_detections(Image(), found, names), ShapeError);
}

TEST_CASE("the same detections give the same picture, however many") {
  const std::vector<Detection> found = crowd(2200, 3);
  CHECK(found.size() > 2900);
  const Image ground(2200, 2200, 3, 90);
  CHECK(draw_detections(ground, found, names) == draw_detections(ground, found, names));
}
