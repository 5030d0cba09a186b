#include "amdefect/nn/predict.hpp"

#include <doctest/doctest.h>

#include "amdefect/nn/layers.hpp"
#include "nn/uniform_tensor.hpp"

using namespace amdefect;

TEST_CASE("predict answers to a batch and to a single sample as a workspace does") {
  Sequential<float> net({5, 5, 2});
  net.add(Conv2d<float>(3, {.kernel = 3})).add(BatchNorm<float>()).add(Relu<float>()).add(GlobalAveragePool<float>());
  net.initialize(1);
  const Tensor<float> batch = uniform_tensor({4, 5, 5, 2}, 2);
  Workspace<float> workspace(net);
  workspace.forward(batch);
  const Tensor<float> scores = predict(net, batch);
  CHECK(scores.shape() == Shape{4, 3});
  CHECK((scores.array() == workspace.output().array()).all());
  const Tensor<float> sample(Shape{5, 5, 2}, batch.slice(2, 3).span());
  const Tensor<float> one = predict(net, sample);
  CHECK(one.shape() == Shape{3});
  for (Index c = 0; c < 3; ++c) CHECK(one[c] == doctest::Approx(scores(2, c)).epsilon(1e-6));
  CHECK(predict(net, uniform_tensor({9, 7, 2}, 3)).shape() == Shape{3});  // another height and width
  CHECK_THROWS_WITH_AS(predict(net, uniform_tensor({25, 2}, 3)),
                       "predict: expected a sample or a batch of [5, 5, 2], got shape [25, 2]", ShapeError);
}

TEST_CASE("an image of another size does not read beyond the weights that were made for one size") {
  Sequential<float> net({6, 6, 1});
  net.add(MaxPool2d(), Flatten(), Dense(3));
  net.initialize(1);
  CHECK(predict(net, Tensor<float>({1, 6, 6, 1})).shape() == Shape{1, 3});
  CHECK_THROWS_AS(predict(net, Tensor<float>({1, 40, 40, 1})), ShapeError);
  CHECK_THROWS_AS(predict(net, Tensor<float>({1, 8, 4, 1})), ShapeError);
}

TEST_CASE("predict_all takes several inputs and returns all outputs") {
  Network<float> net;
  const Value left = net.input({2}, "left"), right = net.input({2}, "right");
  const Value sum = net.add(Add<float>(), {left, right});
  net.output(sum, "sum");
  net.output(net.add(Relu<float>(), sum), "positive");
  net.initialize(1);
  const Tensor<float> a(Shape{2}, std::vector<float>{1, -5}), b(Shape{2}, std::vector<float>{2, 3});
  const std::vector<Tensor<float>> outputs = predict_all(net, {a, b});
  REQUIRE(outputs.size() == 2);
  CHECK((outputs[0][0] == 3 && outputs[0][1] == -2));
  CHECK((outputs[1][0] == 3 && outputs[1][1] == 0));
  CHECK_THROWS_WITH_AS(predict(net, a), "predict: the network has 2 outputs; predict_all returns them", Error);
  CHECK_THROWS_WITH_AS(predict_all(net, {a}), "predict: the network has 2 inputs, got 1", ShapeError);
  CHECK_THROWS_WITH_AS(predict_all(net, {a, uniform_tensor({1, 2}, 1)}),
                       "predict: expected a sample, like the first input, of [2], got shape [1, 2]", ShapeError);
}
