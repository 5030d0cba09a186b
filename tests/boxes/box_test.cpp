#include "amdefect/boxes/box.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace amdefect;

TEST_CASE("boxes convert between corners and COCO's form") {
  const Box box{1, 2, 4, 8};
  CHECK(to_coco(box) == CocoBox{1, 2, 3, 6});
  CHECK(to_corners(to_coco(box)) == box);
  CHECK(box.area() == 18);
  CHECK(Box{} == Box{0, 0, 0, 0});
  CHECK(Box{4, 2, 1, 8}.area() == 0);
  CHECK(Box{4, 8, 1, 2}.area() == 0);
}

TEST_CASE("iou of corner boxes") {
  CHECK(iou(Box{0, 0, 2, 2}, Box{1, 0, 3, 2}) == doctest::Approx(1.0 / 3));
  CHECK(iou(Box{0, 0, 2, 2}, Box{2, 0, 3, 2}) == 0);
  CHECK(iou(Box{0, 0, 0, 0}, Box{0, 0, 0, 0}) == 0);
  CHECK(iou(Box{0, 0, 1, 1}, Box{5, 5, 4, 4}) == 0);
  CHECK(iou(BasicBox<float>{0, 0, 1, 1}, BasicBox<float>{0, 0, 1, 1}) == 1);
}

TEST_CASE("boxes are printed as what they are") {
  std::ostringstream out;
  out << Box{1, 2, 4, 8.5} << ' ' << CocoBox{1, 2, 3, 6.5};
  CHECK(out.str() == "(1, 2) - (4, 8.5) [1, 2, 3, 6.5]");
}
