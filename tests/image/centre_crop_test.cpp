#include "amdefect/image/centre_crop.hpp"

#include <doctest/doctest.h>

using namespace amdefect;

TEST_CASE("the middle of an image whose shorter side is resized") {
  Image image(4, 9, 2);  // rows, columns, channels
  for (Index y = 0; y < 4; ++y)
    for (Index x = 0; x < 9; ++x) {
      image(y, x, 0) = static_cast<std::uint8_t>(10 * y + x);
      image(y, x, 1) = 200;
    }
  const Image same_size = centre_crop(image, 4, 2);
  CHECK(same_size.shape() == Shape{2, 2, 2});
  CHECK(same_size(0, 0, 0) == 14);  // row 1; column 3.5 is rounded to the even 4
  CHECK(same_size(1, 1, 0) == 25);
  CHECK(same_size(1, 1, 1) == 200);
  const Image larger = centre_crop(image, 8, 8);
  CHECK(larger.shape() == Shape{8, 8, 2});
  CHECK(centre_crop(image, 3, 3).shape() == Shape{3, 3, 2});
  CHECK_THROWS_AS(static_cast<void>(centre_crop(image, 4, 5)), Error);
  CHECK_THROWS_AS(static_cast<void>(centre_crop(image, 4, 0)), Error);
}
