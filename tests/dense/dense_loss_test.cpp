#include "amdefect/detection/dense/dense_loss.hpp"

#include <doctest/doctest.h>

#include "amdefect/core/random.hpp"
#include "amdefect/detection/dense/dense_decode.hpp"

using namespace amdefect;

namespace {

const DenseModel model{.classes = 2, .widths = {8, 8}, .blocks = {1, 1}, .levels = 3};

std::vector<DenseGrid> grids(Index height, Index width) {
  std::vector<DenseGrid> result;
  for (Index level = 0; level < model.levels; ++level)
    result.push_back({model.stride(level), height / model.stride(level), width / model.stride(level)});
  return result;
}

/// Random outputs for a batch of two images of 32 x 48 pixels, and objects of all sizes in the first.
struct Case {
  Case() : objects({2, 4, 5}) {
    Random random(1);
    for (const DenseGrid& grid : grids(32, 48))
      for (const Index channels : {model.classes, Index{4}}) {
        outputs.emplace_back(Shape{2, grid.rows, grid.columns, channels});
        for (double& value : outputs.back()) value = random.normal();
        gradients.emplace_back(outputs.back().shape()).fill(7);  // to be overwritten
      }
    const double list[4][5] = {{4, 5, 9.5, 8, 0}, {20, 3, 41, 30, 1}, {1, 2, 45, 31, 0}, {0, 0, 0, 0, -1}};
    for (Index i = 0; i < 20; ++i) objects[i] = list[i / 5][i % 5];
    for (Index i = 0; i < 4; ++i) objects(1, i, 4) = -1;
  }
  std::array<double, 2> evaluate(bool learn = false) {
    const std::vector<TensorView<const double>> out(outputs.begin(), outputs.end()), targets{objects.view()};
    std::vector<TensorView<double>> slopes(outputs.size());
    if (learn) slopes = {gradients.begin(), gradients.end()};
    std::array<double, 2> parts{};
    dense_loss<double>(model).evaluate({out, targets, slopes, parts});
    return parts;
  }
  std::vector<Tensor<double>> outputs, gradients;
  Tensor<double> objects;
};

}  // namespace

TEST_CASE("objects of every size get places: the nearest one at least, the smallest object first") {
  const auto all = grids(256, 256);
  const std::vector<Box> boxes = {{101, 101, 103, 103}, {40, 40, 56, 52}, {100, 60, 150, 110}, {0, 0, 256, 256}};
  const auto places = assign_places(all, boxes);
  std::vector<std::vector<std::size_t>> levels(boxes.size());
  for (std::size_t level = 0; level < places.size(); ++level)
    for (const DensePositive& place : places[level]) levels[place.object].push_back(level);
  CHECK(levels[0] == std::vector<std::size_t>{0});     // 2 x 2 pixels, no place in it
  CHECK(levels[1] == std::vector<std::size_t>(6, 0));  // 16 x 12: columns within 6 px of 48, rows of 46
  CHECK(levels[2] == std::vector<std::size_t>(9, 1));  // 50 x 50
  CHECK(levels[3].size() >= 4);
  CHECK(levels[3].front() == 2);
  // Two objects with the same middle and level: the small one takes what it needs.
  const std::vector<Box> nested = {{30, 30, 34, 34}, {20, 20, 44, 44}};
  std::size_t small = 0, large = 0;
  const auto shared = assign_places(all, nested);
  for (const DensePositive& place : shared[0]) ++(place.object == 0 ? small : large);
  CHECK(small == 1);
  CHECK(large == 3);
  // What has no extent or lies outside gets nothing and does no harm.
  const std::vector<Box> bad = {{5, 5, 5, 9}, {9, 9, 3, 3}, {-50, -50, -10, -10}, {300, 300, 310, 310}};
  const auto none = assign_places(all, bad);
  for (const auto& level : none) CHECK(level.empty());
}

TEST_CASE("gradients of the dense loss are those of finite differences") {
  Case c;
  c.evaluate(true);
  constexpr double step = 1e-6;
  for (std::size_t output = 0; output < c.outputs.size(); ++output) {
    // The IoU that a score learns counts as a constant, so a box output is compared with the box part alone.
    const std::size_t part = output % 2;
    double largest = 0;
    for (Index i = 0; i < c.outputs[output].size(); ++i) {
      double& value = c.outputs[output][i];
      const double before = value;
      value = before + step;
      const double above = c.evaluate()[part];
      value = before - step;
      const double below = c.evaluate()[part];
      value = before;
      CHECK(c.gradients[output][i] == doctest::Approx((above - below) / (2 * step)).epsilon(1e-5).scale(1e-2));
      largest = std::max(largest, std::abs(c.gradients[output][i]));
    }
    CHECK((largest > 1e-4) == (output != 5));  // no box is so large that the coarsest level answers for it
  }
}

TEST_CASE("an image without objects teaches low scores and no boxes") {
  Case c;
  c.objects.fill(-1);
  const auto parts = c.evaluate(true);
  CHECK(parts[0] > 0);
  CHECK(parts[1] == 0);
  CHECK((c.gradients[0].array() > 0).all());
  CHECK((c.gradients[1].array() == 0).all());
}

TEST_CASE("decoding gives back the boxes behind the outputs, the best first") {
  const auto all = grids(32, 32);
  std::vector<Tensor<float>> outputs;
  for (const DenseGrid& grid : all) {
    outputs.emplace_back(Shape{1, grid.rows, grid.columns, 2}).fill(-10);
    outputs.emplace_back(Shape{1, grid.rows, grid.columns, 4});
  }
  const auto distance = [](double strides) { return static_cast<float>(std::log(std::exp(strides) - 1)); };
  outputs[0](0, 2, 3, 1) = 1;  // stride 4, place (14, 10)
  outputs[4](0, 1, 0, 0) = 2;  // stride 16, place (8, 24)
  for (Index edge = 0; edge < 4; ++edge) outputs[1](0, 2, 3, edge) = distance(0.5 + 0.25 * static_cast<double>(edge));
  for (Index edge = 0; edge < 4; ++edge) outputs[5](0, 1, 0, edge) = distance(0.5);
  const std::vector<TensorView<const float>> views(outputs.begin(), outputs.end());
  const auto found = decode_dense<float>(model, views, 0, 0.1, 10);
  REQUIRE(found.size() == 2);
  CHECK(found[0].label == 0);
  CHECK(found[0].score == doctest::Approx(1 / (1 + std::exp(-2.0))));
  CHECK(found[0].box.x1 == doctest::Approx(0));
  CHECK(found[0].box.y2 == doctest::Approx(32));
  CHECK(found[1].label == 1);
  CHECK(found[1].box.x1 == doctest::Approx(12));
  CHECK(found[1].box.y1 == doctest::Approx(7));
  CHECK(found[1].box.x2 == doctest::Approx(18));
  CHECK(found[1].box.y2 == doctest::Approx(15));
  CHECK(decode_dense<float>(model, views, 0, 0.1, 1).size() == 1);
  CHECK(decode_dense<float>(model, views, 0, 0.9, 10).empty());
}
