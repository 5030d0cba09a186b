#include "amdefect/image/draw.hpp"

#include <doctest/doctest.h>

#include "amdefect/image/draw_text.hpp"

using namespace amdefect;

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

TEST_CASE("text that is too wide is shortened") {
  const std::string text = "mouse_bite";
  CHECK(fit_text(text, text_width(text)) == text);
  const std::string shortened = fit_text(text, text_width(text) - 1);
  CHECK(shortened.ends_with(".."));
  CHECK(text.starts_with(shortened.substr(0, shortened.size() - 2)));
  CHECK(text_width(shortened) < text_width(text));
  CHECK(fit_text(text, 3 * text_width(text), 3) == text);
  CHECK(fit_text(text, 0) == "..");
  CHECK(fit_text("日本", 100) == "??");
}

TEST_CASE("a rectangle is filled as far as it is in the image") {
  Image image(4, 5, 3, 9);
  fill_rectangle(image, {-3, 2, 2, 99}, {1, 2, 3});
  for (Index y = 0; y < 4; ++y)
    for (Index x = 0; x < 5; ++x)
      for (Index c = 0; c < 3; ++c) CHECK(image(y, x, c) == (y >= 2 && x < 2 ? c + 1 : 9));
  const Image before = image.clone();
  fill_rectangle(image, {7, 0, 9, 4}, {1, 2, 3});
  fill_rectangle(image, {3, 3, 1, 1}, {1, 2, 3});
  CHECK(image == before);
  Image grey(4, 5, 1);
  CHECK_THROWS_AS(fill_rectangle(grey, {0, 0, 1, 1}, {1, 2, 3}), ShapeError);
}

TEST_CASE("any image can be shown as RGB") {
  Image grey(2, 3, 1, 7), five(2, 3, 5, 0);
  for (Index c = 0; c < 5; ++c) five(1, 2, c) = static_cast<std::uint8_t>(c + 1);
  CHECK(to_rgb(grey) == Image(2, 3, 3, 7));
  CHECK(to_rgb(five)(1, 2, 0) == 1);
  CHECK(to_rgb(five)(1, 2, 2) == 3);
  CHECK_THROWS_AS(to_rgb(Image()), ShapeError);
}

TEST_CASE("an enlarged image repeats its pixels") {
  Image image(2, 3, 2);
  for (std::size_t i = 0; i < image.bytes().size(); ++i) image.bytes()[i] = static_cast<std::uint8_t>(i);
  const Image large = enlarge(image, 3);
  REQUIRE(large.shape() == Shape{6, 9, 2});
  for (Index y = 0; y < 6; ++y)
    for (Index x = 0; x < 9; ++x)
      for (Index c = 0; c < 2; ++c) CHECK(large(y, x, c) == image(y / 3, x / 3, c));
  CHECK(enlarge(image, 1) == image);
  CHECK_THROWS_AS(enlarge(image, 0), ShapeError);
}
