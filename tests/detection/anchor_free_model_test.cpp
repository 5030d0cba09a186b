#include "amdefect/detection/anchor_free/anchor_free_model.hpp"

#include <doctest/doctest.h>

#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/detection/anchor_free/location_grid.hpp"
#include "amdefect/nn/summary.hpp"
#include "amdefect/nn/workspace.hpp"

using namespace amdefect;

namespace {

/// Multiply-accumulate operations on an input of that size.
Index macs(const Network<float>& network, const Shape& input) {
  std::vector<Shape> shapes;
  Index total = 0;
  for (const auto& node : network.nodes()) {
    std::vector<Shape> inputs;
    for (const Value value : node.inputs) inputs.push_back(shapes[value.id]);
    shapes.push_back(node.operation ? node.operation->output_shape(inputs) : input);
    if (node.operation) total += node.operation->macs(inputs);
  }
  return total;
}

}  // namespace

TEST_CASE("the presets have the announced sizes") {
  const Network<float> n = anchor_free_network<float>(anchor_free_n()), s = anchor_free_network<float>(anchor_free_s());
  MESSAGE("dense-n: ", n.parameters().total(), " parameters, ", macs(n, {1, 608, 608, 3}), " MACs");
  MESSAGE("dense-s: ", s.parameters().total(), " parameters, ", macs(s, {1, 608, 608, 3}), " MACs");
  CHECK(std::abs(n.parameters().total() - 580'000) < 10'000);
  CHECK(std::abs(macs(n, {1, 608, 608, 3}) - 2'250'000'000) < 10'000'000);
  CHECK(std::abs(s.parameters().total() - 2'140'000) < 10'000);
}

TEST_CASE("an anchor-free network takes any size that its strides divide") {
  const AnchorFreeModel small{
      .channels = 1, .classes = 3, .stem = 8, .widths = {8, 8}, .blocks = {1, 1}, .pyramid = 8, .levels = 3};
  Network<float> network = anchor_free_network<float>(small);
  initialize_anchor_free(network, small, 1);
  Workspace<float> workspace(network);
  for (const auto& [height, width] : {std::pair<Index, Index>{32, 48}, {16, 16}, {80, 32}}) {
    const Tensor<float> x({2, height, width, 1});
    workspace.forward(x);
    for (Index level = 0; level < small.levels; ++level) {
      const Index stride = small.stride(level);
      CHECK(workspace.output(concat("score", stride)).shape() == Shape{2, height / stride, width / stride, 3});
      CHECK(workspace.output(concat("box", stride)).shape() == Shape{2, height / stride, width / stride, 4});
    }
    CHECK(workspace.output("score4").array().isApproxToConstant(-std::log(99.0f), 1e-5f));  // of a black image
  }
  const Tensor<float> odd({1, 20, 16, 1});
  CHECK_THROWS_AS(workspace.forward(odd), ShapeError);
}

TEST_CASE("a new network says boxes of two strides, with bins as without") {
  for (const Index bins : {1, 16}) {
    const AnchorFreeModel small{.stem = 8, .widths = {8}, .blocks = {1}, .pyramid = 8, .levels = 1, .box_bins = bins};
    Network<float> network = anchor_free_network<float>(small);
    initialize_anchor_free(network, small, 1);
    Workspace<float> workspace(network);
    workspace.forward(Tensor<float>({1, 8, 8, 3}));
    const TensorView<const float> boxes = workspace.output("box4");
    const Box box = grid_of(boxes.shape(), 4).decode(1, 1, &boxes(0, 1, 1, 0));
    CHECK(box.x1 == doctest::Approx(2).epsilon(0.01));  // of 16 bins the mean is slightly below 1
    CHECK(box.y2 == doctest::Approx(10).epsilon(0.01));
  }
}

TEST_CASE("models without meaning are refused") {
  CHECK_THROWS_WITH_AS(check({.classes = 0}), "anchor-free model: classes is 0, expected 1 to 4096", Error);
  CHECK_THROWS_AS(check({.widths = {8}}), Error);
  CHECK_THROWS_AS(check({.levels = 2}), Error);
  CHECK_THROWS_WITH_AS(check({.box_bins = 65}), "anchor-free model: box_bins is 65, expected 1, or 8 to 64", Error);
  CHECK_THROWS_AS(anchor_free_preset("dense-x"), Error);
}
