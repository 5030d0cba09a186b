#include "amdefect/nn/network.hpp"

#include <doctest/doctest.h>

#include <array>

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/workspace.hpp"
#include "nn/gaussian_tensor.hpp"

using namespace amdefect;

TEST_CASE("layers are of float unless told otherwise, and a chain takes several at once") {
  Sequential net({8, 8, 1});
  net.add(Conv2d(4, {.kernel = 3}), BatchNorm(), Relu(), MaxPool2d())
      .add(Conv2d(4), "named")
      .add(LeakyRelu(0.1), Relu6(), Sigmoid(), Silu(), HardSwish(), Gelu(), UpsampleNearest(),
           AveragePool2d({.pool = 2}), LayerNorm(), Dropout(0.1))
      .add(GlobalAveragePool())
      .add(Reshape({2, 2}), Flatten(), Dense(3), Softmax());
  const Value image = net.inputs()[0];
  net.Network<float>::add(Concatenate(), {image, net.Network<float>::add(Add(), {image, image})});
  CHECK(net.nodes().size() == 23);
  CHECK(net.parameters().find("named.kernel") != nullptr);
  net.initialize(1);
  Workspace workspace(net);
  workspace.forward(Tensor<float>({2, 8, 8, 1}));
  CHECK(workspace.output().shape() == Shape{2, 3});
}

TEST_CASE("shared weights must fit what they are used on") {
  Network<float> net;
  const Value a = net.input({4, 4, 2}, "a"), b = net.input({4, 4, 3}, "b");
  const Value conv = net.add(Conv2d<float>(5, {.kernel = 3}), a, "conv");
  CHECK_THROWS_WITH_AS(net.add_shared(conv, b), doctest::Contains("shared weights of 'conv'"), ShapeError);
  const Value again = net.add_shared(conv, a);
  CHECK(net.nodes().at(again.id).name == "conv_1");
  net.output(conv, "first");
  net.output(again, "second");
  net.initialize(1);
  Workspace<float> workspace(net);
  const Tensor<float> x = gaussian_tensor<float>({1, 4, 4, 2}, 1), unused({1, 4, 4, 3});
  workspace.forward(std::array<TensorView<const float>, 2>{x, unused});
  CHECK((workspace.output("first").array() == workspace.output("second").array()).all());
}

TEST_CASE("two nodes cannot have the same name, nor two weights") {
  Network<float> net;
  const Value x = net.input({3});
  net.add(Dense<float>(2), x, "head");
  CHECK_THROWS_WITH_AS(net.add(Dense<float>(2), x, "head"), "network: there are two nodes named 'head'", Error);
  Parameters<float> parameters;
  parameters.declare({.name = "head.kernel", .shape = {2}});
  CHECK_THROWS_WITH_AS(parameters.declare({.name = "head.kernel", .shape = {3}}),
                       "parameters: the name 'head.kernel' is used twice", Error);
}
