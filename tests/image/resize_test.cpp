#include "amdefect/image/resize.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "amdefect/core/random.hpp"
#include "amdefect/image/letterbox.hpp"
#include "random_image.hpp"

using namespace amdefect;

namespace {

/// The definition in floating point: both axes at once, weights of a triangle as wide as the larger pixel.
double plain_resized(const Image& image, Index height, Index width, Index y, Index x, Index c) {
  const auto weight = [](Index j, Index i, Index from, Index to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to), reach = scale > 1 ? scale : 1;
    const double distance = static_cast<double>(j) + 0.5 - (static_cast<double>(i) + 0.5) * scale;
    return std::fmax(0.0, 1 - std::fabs(distance) / reach);
  };
  double sum = 0, total = 0;
  for (Index v = 0; v < image.height(); ++v)
    for (Index u = 0; u < image.width(); ++u) {
      const double w = weight(v, y, image.height(), height) * weight(u, x, image.width(), width);
      sum += w * image(v, u, c);
      total += w;
    }
  return sum / total;
}

}  // namespace

TEST_CASE("resize follows its definition when growing, shrinking and both") {
  const Image image = random_image(13, 17, 3);
  for (const Index height : {1, 5, 13, 20, 41})
    for (const Index width : {1, 4, 17, 23, 60}) {
      const Image result = resize(image, height, width);
      REQUIRE(result.shape() == Shape{height, width, 3});
      double worst = 0;
      for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x)
          for (Index c = 0; c < 3; ++c)
            worst = std::fmax(worst, std::fabs(result(y, x, c) - plain_resized(image, height, width, y, x, c)));
      // Half a step of rounding for each of the two passes; the weights are exact to 2^-22.
      CHECK(worst <= 1.001);
    }
}

TEST_CASE("pixels in floating point are resized as others, without rounding, from memory of others") {
  const Image image = random_image(13, 17, 3);
  Tensor<float> real(image.shape());
  for (Index i = 0; i < real.size(); ++i)
    real[i] = static_cast<float>(image.bytes()[static_cast<std::size_t>(i)]) / 255;
  for (const Index height : {5, 13, 20})
    for (const Index width : {4, 17, 60}) {
      const BasicImage<float> result = resize<float>(real.view(), height, width);
      REQUIRE(result.shape() == Shape{height, width, 3});
      double worst = 0;
      for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x)
          for (Index c = 0; c < 3; ++c)
            worst = std::fmax(worst, std::fabs(255 * result(y, x, c) - plain_resized(image, height, width, y, x, c)));
      CHECK(worst < 1e-3);
      CHECK(resize(pixels(image), height, width) == resize(image, height, width));
    }
}

TEST_CASE("resize to half of the size averages; the same size copies; flat stays flat") {
  Image step(1, 4, 1);
  step(0, 2, 0) = step(0, 3, 0) = 80;
  // Destination pixel 0 has its centre at 1 and reaches over [-1, 3]: source weights 3 3 1 (of 7).
  const Image half = resize(step, 1, 2);
  CHECK(half(0, 0, 0) == 11);
  CHECK(half(0, 1, 0) == 69);
  const Image image = random_image(6, 7, 4);
  CHECK(resize(image, 6, 7) == image);
  const Image flat(31, 9, 2, 255);
  CHECK(resize(flat, 100, 5) == Image(100, 5, 2, 255));
  CHECK(resize(Image16(100, 3, 1, 65535), 1, 3) == Image16(1, 3, 1, 65535));  // 100 weights are 1 in all
}

TEST_CASE("resize has no shift: mirroring commutes with it") {
  const Image image = random_image(10, 11, 1);
  for (const Index size : {4, 7, 23}) {
    Image mirrored(10, 11, 1);
    for (Index y = 0; y < 10; ++y)
      for (Index x = 0; x < 11; ++x) mirrored(y, x, 0) = image(y, 10 - x, 0);
    const Image a = resize(image, size, size), b = resize(mirrored, size, size);
    for (Index y = 0; y < size; ++y)
      for (Index x = 0; x < size; ++x) CHECK(std::abs(a(y, x, 0) - b(y, size - 1 - x, 0)) <= 1);
  }
}

TEST_CASE("resize refuses what has no meaning") {
  CHECK_THROWS_AS(resize(Image(), 3, 3), ShapeError);
  CHECK_THROWS_WITH_AS(resize(Image(2, 2, 3), 0, 3), "resize: cannot make 0x3 pixels of an image of shape [2, 2, 3]",
                       ShapeError);
}

TEST_CASE("a letterbox keeps the aspect ratio, centres and fits") {
  const Letterbox wide = fit_letterbox(300, 600, 416, 416);
  CHECK(wide.content_width == 416);
  CHECK(wide.content_height == 208);
  CHECK(wide.left == 0);
  CHECK(wide.top == 104);
  const Letterbox tall = fit_letterbox(1000, 3, 416, 416);
  CHECK(tall.content_height == 416);
  CHECK(tall.content_width == 1);
  CHECK(tall.left == 207);  // the odd pixel goes to the right
  const Letterbox stretch = fit_letterbox(300, 600, 416, 320, FitMode::stretch);
  CHECK(stretch.map(Box{0, 0, 600, 300}) == Box{0, 0, 320, 416});
  Random random(5);
  for (int run = 0; run < 2000; ++run) {
    const Index h = 1 + random.integer(900), w = 1 + random.integer(900);
    const Index canvas_h = 1 + random.integer(900), canvas_w = 1 + random.integer(900);
    const Letterbox box = fit_letterbox(h, w, canvas_h, canvas_w);
    REQUIRE(box.content_width >= 1);
    REQUIRE(box.content_height >= 1);
    REQUIRE(box.left >= 0);
    REQUIRE(box.top >= 0);
    REQUIRE(box.left + box.content_width <= canvas_w);
    REQUIRE(box.top + box.content_height <= canvas_h);
    REQUIRE((box.content_width == canvas_w || box.content_height == canvas_h));
  }
}

TEST_CASE("boxes go through a letterbox and back") {
  Random random(6);
  for (int run = 0; run < 2000; ++run) {
    const Index h = 1 + random.integer(2000), w = 1 + random.integer(2000);
    const Letterbox letterbox = fit_letterbox(h, w, 416, 608);
    const auto width = static_cast<double>(w), height = static_cast<double>(h);
    // The whole picture maps onto the content, exactly.
    const Box all = letterbox.map({0, 0, width, height});
    REQUIRE(all == Box{static_cast<double>(letterbox.left), static_cast<double>(letterbox.top),
                       static_cast<double>(letterbox.left + letterbox.content_width),
                       static_cast<double>(letterbox.top + letterbox.content_height)});
    REQUIRE(letterbox.unmap(all) == Box{0, 0, width, height});
    const Box box{random.uniform(0, width), random.uniform(0, height), random.uniform(0, width),
                  random.uniform(0, height)};
    const Box back = letterbox.unmap(letterbox.map(box));
    // A handful of roundings of numbers that reach 608 * 2000 (an offset, scaled back), 2^-53 each.
    const double tolerance = 8 * 608.0 * 2000 * 0x1p-53;
    REQUIRE(std::fabs(back.x1 - box.x1) <= tolerance);
    REQUIRE(std::fabs(back.y1 - box.y1) <= tolerance);
    REQUIRE(std::fabs(back.x2 - box.x2) <= tolerance);
    REQUIRE(std::fabs(back.y2 - box.y2) <= tolerance);
  }
}

TEST_CASE("the picture is where the letterbox says") {
  const Image image(20, 40, 3, 200);
  const Letterbox letterbox = fit_letterbox(20, 40, 32, 32);
  const Image canvas = letterbox_image(image, letterbox, 7);
  for (Index y = 0; y < 32; ++y)
    for (Index x = 0; x < 32; ++x) CHECK(canvas(y, x, 1) == (y >= 8 && y < 24 ? 200 : 7));
  CHECK_THROWS_AS(letterbox_image(Image(40, 20, 3), letterbox), ShapeError);
}

TEST_CASE("paste cuts off what lies outside") {
  const Image image = random_image(4, 5, 2);
  for (const Index top : {-9, -2, 0, 3, 9})
    for (const Index left : {-9, -3, 0, 2, 9}) {
      Image canvas(6, 5, 2, 1);
      paste(image, canvas, top, left);
      for (Index y = 0; y < 6; ++y)
        for (Index x = 0; x < 5; ++x) {
          const bool inside = y >= top && y < top + 4 && x >= left && x < left + 5;
          CHECK(canvas(y, x, 1) == (inside ? image(y - top, x - left, 1) : 1));
        }
    }
  Image grey(3, 3, 1);
  CHECK_THROWS_AS(paste(image, grey, 0, 0), ShapeError);
}
