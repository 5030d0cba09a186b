#include "amdefect/image/draw.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace amdefect;

TEST_CASE("a frame lies around its box and leaves the inside as it was") {
  Image image(60, 80, 3, 200);
  const Rgb color{255, 0, 0};
  draw_boxes(image, std::vector<DrawnBox>{{Box{20, 10, 50, 40}, "", color}});
  const auto is = [&](Index y, Index x, const Rgb& expected) {
    return image(y, x, 0) == expected[0] && image(y, x, 1) == expected[1] && image(y, x, 2) == expected[2];
  };
  for (Index y = 10; y < 40; ++y)
    for (Index x = 20; x < 50; ++x) REQUIRE(is(y, x, {200, 200, 200}));
  for (Index x = 19; x < 51; ++x) {
    CHECK(is(9, x, color));
    CHECK(is(40, x, color));
    CHECK(is(8, x, {16, 16, 16}));
  }
  for (Index y = 9; y < 41; ++y) {
    CHECK(is(y, 19, color));
    CHECK(is(y, 50, color));
    CHECK(is(y, 51, {16, 16, 16}));
  }
  CHECK(is(5, 5, {200, 200, 200}));
}

TEST_CASE("text is drawn inside of its measured size, for every character") {
  for (Index scale : {1, 3})
    for (char c = 0; c >= 0 && c < 127; ++c) {
      const std::string text = {'g', c, 'W'};
      const Index width = text_width(text, scale), height = text_height(scale);
      Image image(height + 20, width + 20, 3, 0);
      draw_text(image, 10, 10, text, {255, 255, 255}, scale);
      Index inside = 0, outside = 0;
      for (Index y = 0; y < image.height(); ++y)
        for (Index x = 0; x < image.width(); ++x)
          if (image(y, x, 0) == 255) ++(x >= 10 && x < 10 + width && y >= 10 && y < 10 + height ? inside : outside);
      CHECK(inside > 20 * scale * scale);
      CHECK(outside == 0);
    }
  CHECK(text_width("ä", 1) == text_width("?", 1));
  CHECK(text_width("", 1) == 0);
}

TEST_CASE("boxes anywhere, of any size and with any text do no harm") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const Box& box : {Box{-1e300, -1e300, 1e300, 1e300}, Box{-inf, 3, inf, 5}, Box{50, 50, 50, 50}, Box{9, 9, 3, 3}})
    for (const char* text :
         {"", "nozzle 0.97", "Überhitzung 日本", "a text that is far wider than all of this picture"}) {
      Image image(20, 30, 3, 100);
      draw_boxes(image, std::vector<DrawnBox>{{box, text, class_color(3)}});
    }
  Image grey(20, 30, 1);
  CHECK_THROWS_AS(draw_boxes(grey, std::vector<DrawnBox>{{Box{1, 1, 5, 5}, "", class_color(0)}}), ShapeError);
}

TEST_CASE("any image can be shown as RGB") {
  Image grey(2, 3, 1, 7), five(2, 3, 5, 0);
  for (Index c = 0; c < 5; ++c) five(1, 2, c) = static_cast<std::uint8_t>(c + 1);
  CHECK(to_rgb(grey) == Image(2, 3, 3, 7));
  CHECK(to_rgb(five)(1, 2, 2) == 3);
  CHECK_THROWS_AS(to_rgb(Image()), ShapeError);
}
