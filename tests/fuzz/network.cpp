#include "amdefect/nn/architecture.hpp"
#include "amdefect/nn/workspace.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace amdefect;

/// Whether a network is small enough to run it many times a second.
bool is_small(const Network<float>& network) {
  Index work = network.parameters().total();
  for (const auto& node : network.nodes()) {
    if (node.shape.elements() > 4096 || work > 100'000) return false;
    std::vector<Shape> inputs;
    for (const Value input : node.inputs) inputs.push_back(network.shape(input));
    work += node.shape.elements() + (node.operation ? node.operation->macs(inputs) : 0);
  }
  return work <= 100'000;
}

/// The architecture of a model file: what is built describes itself, and a small one computes.
void fuzz_network(std::span<const std::uint8_t> input) {
  Network<float> network = build_network<float>(parse_json(text_of(input), "input"));
  const JsonValue architecture = architecture_of(network);
  promise(architecture_of(build_network<float>(architecture)) == architecture);
  if (!is_small(network) || network.inputs().size() != 1) return;
  network.initialize(1);
  Workspace<float> workspace(network, {.threads = 1});
  Tensor<float> x(network.shape(network.inputs()[0]));
  x.view().fill(0.5f);
  workspace.forward(x.view());
}

const RegisterFuzzTarget network_target("network", fuzz_network);

}  // namespace
