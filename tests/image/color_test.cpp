#include "amdefect/image/color.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

using Rgb = std::array<std::uint8_t, 3>;

}  // namespace

TEST_CASE("the hue turns as the colour wheel says") {
  CHECK(shift_hue(Rgb{255, 0, 0}, 0) == Rgb{255, 0, 0});
  CHECK(shift_hue(Rgb{255, 0, 0}, 60) == Rgb{255, 255, 0});
  CHECK(shift_hue(Rgb{255, 0, 0}, 120) == Rgb{0, 255, 0});
  CHECK(shift_hue(Rgb{255, 0, 0}, 240) == Rgb{0, 0, 255});
  CHECK(shift_hue(Rgb{255, 0, 0}, -60) == Rgb{255, 0, 255});
  CHECK(shift_hue(Rgb{255, 0, 0}, 75) == Rgb{191, 255, 0});  // 255 (1 - 15/60) = 191.25
  CHECK(shift_hue(Rgb{0, 0, 255}, -75) == Rgb{0, 255, 191});
  CHECK(shift_hue(Rgb{200, 100, 50}, 40) == Rgb{200, 200, 50});  // hue 20 to 60 degrees
  CHECK(shift_hue(Rgb{50, 200, 100}, 0) == Rgb{50, 200, 100});   // between green and blue
  CHECK(shift_hue(Rgb{50, 100, 200}, 180) == Rgb{200, 150, 50});
  CHECK(shift_hue(Rgb{90, 90, 90}, 75) == Rgb{90, 90, 90});
  Random random(1);
  for (int run = 0; run < 2000; ++run) {
    Rgb color;
    for (auto& c : color) c = static_cast<std::uint8_t>(random.integer(256));
    const double degrees = random.uniform(-180, 180);
    const Rgb turned = shift_hue(color, degrees);
    CHECK(*std::max_element(turned.begin(), turned.end()) == *std::max_element(color.begin(), color.end()));
    CHECK(*std::min_element(turned.begin(), turned.end()) == *std::min_element(color.begin(), color.end()));
    CHECK(shift_hue(color, degrees) == shift_hue(color, degrees - 360));
  }
}

TEST_CASE("colour operations leave further channels alone") {
  Image image(1, 1, 5);
  const std::uint8_t values[] = {200, 100, 50, 77, 88};
  std::copy(values, values + 5, image.pixel(0, 0));
  Image grey = image.clone(), hue = image.clone(), light = image.clone();
  to_greyscale(grey);
  shift_hue(grey, 30);
  shift_hue(hue, 40);
  adjust_light(light, 0.1, 0.5);
  CHECK(grey(0, 0, 0) == 124);  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
  CHECK(grey(0, 0, 2) == 124);
  CHECK(hue(0, 0, 1) == 200);
  CHECK(hue(0, 0, 2) == 50);
  CHECK(light(0, 0, 0) == 189);  // 72.5 * 0.5 + 127.5 + 25.5 = 189.25
  for (const Image* changed : {&grey, &hue, &light}) {
    CHECK((*changed)(0, 0, 3) == 77);
    CHECK((*changed)(0, 0, 4) == 88);
  }
  Image one(1, 1, 1, 100);
  to_greyscale(one);
  shift_hue(one, 50);
  CHECK(one(0, 0, 0) == 100);
  adjust_light(one, 1, 1);
  CHECK(one(0, 0, 0) == 255);
}

TEST_CASE("an image of three channels has no others") {
  Image image(1, 1, 3);
  const std::uint8_t values[] = {200, 100, 50};
  std::copy(values, values + 3, image.pixel(0, 0));
  shift_hue(image, 40);
  CHECK(image(0, 0, 1) == 200);
  to_greyscale(image);
  CHECK(image(0, 0, 1) == 183);  // 0.299 * 200 + 0.587 * 200 + 0.114 * 50 = 182.9
}
