#include "amdefect/nn/summary.hpp"

#include <doctest/doctest.h>

#include <array>

#include "amdefect/nn/layers.hpp"

using namespace amdefect;

TEST_CASE("a summary is a table of layers, with totals") {
  Sequential<float> net({4, 3, 2});
  net.add(Conv2d<float>(5, {.kernel = 3}), BatchNorm<float>(), Flatten<float>(), Dense<float>(300));
  CHECK(summary(net) ==
        "Layer (kind)             Output shape  Parameters    MACs  Inputs\n"
        "-----------------------------------------------------------------\n"
        "input (input)            [4, 3, 2]              0       0  \n"
        "conv2d (conv2d)          [4, 3, 5]             95   1,080  input\n"
        "batch_norm (batch_norm)  [4, 3, 5]             20       0  conv2d\n"
        "flatten (flatten)        [60]                   0       0  batch_norm\n"
        "dense (dense)            [300]             18,300  18,000  flatten\n"
        "\n"
        "Total parameters:         18,415\n"
        "Trainable parameters:     18,405\n"
        "Non-trainable parameters: 10\n"
        "MACs for one sample:      19,080\n");
}

TEST_CASE("a summary for a sample of another size") {
  Sequential<float> net({4, 3, 2});
  net.add(Conv2d<float>(5, {.kernel = 3, .stride = 2}));
  const std::string table = summary(net, Shape{8, 6, 2});
  CHECK(table.find("[8, 6, 2]") != std::string::npos);
  CHECK(table.find("[4, 3, 5]") != std::string::npos);
  CHECK(table.find("MACs for one sample:      1,080\n") != std::string::npos);
  CHECK_THROWS_WITH_AS(summary(net, Shape{8, 6, 1}),
                       "network: input 0: expected a batch of samples [4, 3, 2], got [1, 8, 6, 1]", ShapeError);
  net.add(Flatten<float>(), Dense<float>(2));
  CHECK_THROWS_WITH_AS(summary(net, Shape{8, 6, 2}),
                       "network: 'dense': an input [1, 60] needs a 'kernel' of shape [60, 2], but 'dense.kernel' has "
                       "the shape [20, 2]",
                       ShapeError);
  Network<float> two;
  two.output(two.add(Add<float>(), {two.input({4, 3, 2}), two.input({4, 3, 2}, "other")}));
  CHECK_THROWS_WITH_AS(summary(two, Shape{8, 6, 2}), "summary: a sample for a network with 2 inputs, expected one",
                       ShapeError);
  CHECK_THROWS_WITH_AS(infer_shapes(two, std::array{Shape{1, 4, 3, 2}}), "network: it has 2 inputs, got 1", ShapeError);
}
