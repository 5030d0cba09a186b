#include "allocation_counter.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "amdefect/losses/losses.hpp"

using namespace amdefect;

TEST_CASE("losses allocate nothing") {
  Tensor<float> pred(Shape{6, 4}), target(Shape{6, 4}), dpred(Shape{6, 4});
  for (Index i = 0; i < pred.size(); ++i) pred[i] = static_cast<float>(i % 4 < 2 ? i % 3 : 3 + i % 5);
  target.fill(0.5f);
  const std::vector<float> weights = {1, 0, 2, 1, 1, 1}, class_weight = {1, 2, 3, 4};
  const std::vector<std::int32_t> labels = {0, 1, 2, 3, 0, 1};
  const long before = heap_allocations;
  mean_squared_error(pred.view(), target, dpred);
  smooth_l1(pred.view(), target, dpred);
  binary_cross_entropy(pred.view(), target, dpred);
  binary_cross_entropy_with_logits(pred.view(), target, dpred, {.weights = weights}, {.class_weight = class_weight});
  sigmoid_focal(pred.view(), target, dpred, {.scale = 2, .normaliser = 3});
  quality_focal(pred.view(), target, dpred);
  softmax_cross_entropy(pred.view(), target, dpred);
  softmax_cross_entropy(pred.view(), labels, dpred);
  ciou_loss(pred.view(), target, dpred, {.weights = weights});
  CHECK(heap_allocations == before);
}

TEST_CASE("losses for trainers allocate nothing after the first batch") {
  Tensor<float> pred(Shape{6, 4}), target(Shape{6, 4}), dpred(Shape{6, 4});
  const LossFunction<float> one = softmax_cross_entropy({.class_weight = {1, 2, 3, 4}});
  const LossFunction<float> several =
      weighted_sum({{"a", smooth_l1()}, {.name = "b", .loss = mean_squared_error(), .output = 0, .target = 0}});
  const TensorView<const float> output = pred, wanted = target;
  const TensorView<float> gradient = dpred;
  double parts[2];
  const auto evaluate = [&] {
    one.evaluate({{&output, 1}, {&wanted, 1}, {&gradient, 1}, parts});
    several.evaluate({{&output, 1}, {&wanted, 1}, {&gradient, 1}, parts});
  };
  evaluate();
  const long before = heap_allocations;
  evaluate();
  CHECK(heap_allocations == before);
}
