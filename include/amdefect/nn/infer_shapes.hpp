#pragma once

#include <span>
#include <string>
#include <vector>

#include "amdefect/nn/network.hpp"

namespace amdefect {

/// The shape of each node's value for inputs of these shapes, the batch included.
/// @throws ShapeError naming the input or the node where the network does not take them: also where weights belong to
///         another size, as those of a dense layer behind a flattened image do.
template <class T>
std::vector<Shape> infer_shapes(const Network<T>& network, std::span<const Shape> inputs) {
  require<ShapeError>(inputs.size() == network.inputs().size(), "network: it has ", network.inputs().size(),
                      " inputs, got ", inputs.size());
  std::vector<Shape> shapes(network.nodes().size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Shape& declared = network.shape(network.inputs()[i]);
    require<ShapeError>(inputs[i].rank() == declared.rank() && inputs[i].back() == declared.back(), "network: input ",
                        i, ": expected a batch of samples ", declared.sample(), ", got ", inputs[i]);
    shapes[network.inputs()[i].id] = inputs[i];
  }
  for (std::size_t id = 0; id < shapes.size(); ++id) {
    const auto& node = network.nodes()[id];
    if (!node.operation) continue;
    std::vector<Shape> read;
    for (const Value input : node.inputs) read.push_back(shapes[input.id]);
    try {
      shapes[id] = node.operation->output_shape(read);
    } catch (const ShapeError& error) {
      throw ShapeError(concat("network: '", node.name, "': ", error.what()));
    }
    const std::vector<ParameterSpec> needed = node.operation->parameters(read);
    for (std::size_t i = 0; i < needed.size(); ++i) {
      const Parameter& parameter = network.parameters()[node.parameters[i]];
      require<ShapeError>(parameter.shape == needed[i].shape, "network: '", node.name, "': an input ", read.front(),
                          " needs a '", needed[i].name, "' of shape ", needed[i].shape, ", but '", parameter.name,
                          "' has the shape ", parameter.shape);
    }
  }
  return shapes;
}

}  // namespace amdefect
