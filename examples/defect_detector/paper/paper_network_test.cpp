#include "paper/paper_network.hpp"

#include <doctest/doctest.h>

#include "amdefect/nn/summary.hpp"

using namespace amdefect;

TEST_CASE("the paper's network has the published size") {
  const Network<float> net = paper_network<float>();
  CHECK(net.parameters().total() == 1632408);
  CHECK(net.parameters().trainable() == 1631512);
  const std::string table = summary(net);
  CHECK(table.find("conv3 (conv2d)") != std::string::npos);
  CHECK(table.find("Total parameters:         1,632,408") != std::string::npos);
  CHECK(table.find("Non-trainable parameters: 896") != std::string::npos);
}
