#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/nn/layer_registry.hpp"
#include "amdefect/nn/network.hpp"

/// A network without its weights as JSON, and back:
///
///     {"version":1,
///      "nodes":[{"name":"input","kind":"input","sample":[28,28,1]},
///               {"name":"conv1","kind":"conv2d","attributes":{"filters":16,...},"inputs":["input"]},
///               {"name":"again","shares":"conv1","inputs":["conv1"]}],
///      "outputs":[{"name":"features","node":"again"}],
///      "frozen":["conv1.bias"]}
///
/// `shares` names the node whose operation and parameters a node uses (`Network::add_shared`); `frozen` names the
/// parameters and statistics that training leaves alone.
namespace amdefect {

/// Of the format above; files of a higher version are refused.
inline constexpr int architecture_version = 1;

namespace detail {

/// @throws Error unless a model file can hold this operation: of a registered kind and class, and equal to what is made
/// from its attributes.
template <class T>
void require_registered(const Operation<T>& operation, const std::string& node) {
  const JsonValue attributes = operation.attributes();
  const std::string kind = operation.kind(), where = concat("architecture: cannot describe the node '", node, "'");
  std::shared_ptr<const Operation<T>> again;
  try {
    again = LayerRegistry<T>::instance().make(kind, JsonReader(attributes, where));
  } catch (const FileError& error) {
    throw Error(error.what());
  }
  require(same_class(*again, operation), where, ": its class is not the one that is registered as '", kind, "'");
}

/// Of the nodes before `id`, the first that has the same operation and the same parameters, else `id`.
template <class T>
std::size_t sharing_origin(const Network<T>& network, std::size_t id) {
  const auto& nodes = network.nodes();
  if (nodes[id].parameters.empty()) return id;
  for (std::size_t other = 0; other < id; ++other)
    if (nodes[other].operation == nodes[id].operation && nodes[other].parameters == nodes[id].parameters) return other;
  return id;
}

/// Builds a network node by node.
template <class T>
class NetworkBuilder {
 public:
  Network<T> build(const JsonReader& architecture) {
    const auto version = architecture.get<Index>("version");
    if (version < 1 || version > architecture_version)
      architecture.fail(concat("is an architecture of version ", version, ", expected ", architecture_version,
                               version > 1 ? "; it was written by a newer version of this library" : ""));
    architecture.allow_only({"version", "nodes", "outputs", "frozen"});
    constexpr std::size_t most_nodes = 10'000;  // names are compared with each other
    if (const std::size_t nodes = architecture.at("nodes").size(); nodes > most_nodes)
      architecture.at("nodes").fail(concat("expected at most ", most_nodes, " nodes, found ", nodes));
    for_each(architecture.at("nodes"), [&](const JsonReader& node) { add_node(node); });
    for_each(architecture.at("outputs"), [&](const JsonReader& output) {
      output.allow_only({"name", "node"});
      network_.output(value_of(output.at("node")), output.get<std::string>("name"));
    });
    if (architecture.contains("frozen"))
      for_each(architecture.at("frozen"),
               [&](const JsonReader& name) { network_.parameters().freeze(name.as<std::string>()); });
    return std::move(network_);
  }

 private:
  /// Calls `body` for each item; errors get the item's position in the file.
  template <class Body>
  static void for_each(const JsonReader& list, const Body& body) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const JsonReader item = list.item(i);
      try {
        body(item);
      } catch (const FileError&) {
        throw;
      } catch (const Error& error) {
        item.fail(error.what());
      }
    }
  }

  void add_node(const JsonReader& node) {
    const auto name = node.get<std::string>("name");
    constexpr std::size_t longest_name = 256;
    if (name.empty()) node.at("name").fail("expected a name, found an empty string");
    if (name.size() > longest_name)
      node.at("name").fail(concat("expected a name of at most ", longest_name, " bytes, found ", name.size()));
    const Value value = new_value(node, name);
    constexpr Index largest = Index{1} << 40;  // keeps the sizes that the next node computes far from overflow
    const Shape& shape = network_.shape(value);
    if (shape.elements() > largest) node.fail(concat("the output ", shape, " is too large"));
    values_.emplace(name, value);
  }

  Value new_value(const JsonReader& node, const std::string& name) {
    if (node.contains("shares")) {
      node.allow_only({"name", "shares", "inputs"});
      const JsonReader inputs = node.at("inputs");
      if (inputs.size() != 1) inputs.fail(concat("expected one input, found ", inputs.size()));
      return network_.add_shared(value_of(node.at("shares")), value_of(inputs.item(0)), name);
    }
    const auto kind = node.get<std::string>("kind");
    if (kind == "input") {
      node.allow_only({"name", "kind", "sample"});
      return network_.input(read_shape(node.at("sample")), name);
    }
    node.allow_only({"name", "kind", "attributes", "inputs"});
    auto operation = LayerRegistry<T>::instance().make(kind, node.at("attributes"));
    std::vector<Value> inputs;
    for_each(node.at("inputs"), [&](const JsonReader& input) { inputs.push_back(value_of(input)); });
    return network_.add(std::move(operation), inputs, name);
  }

  Value value_of(const JsonReader& name) const {
    const auto found = values_.find(name.as<std::string>());
    if (found == values_.end())
      name.fail(concat("expected the name of a node before, found ", json_quote(name.as<std::string>())));
    return found->second;
  }

  Network<T> network_;
  std::map<std::string, Value> values_;
};

}  // namespace detail

/// All that has to be known to build the network again, but its weights.
/// @throws Error naming the node if its layer is not registered (`RegisterLayer`).
template <class T>
JsonValue architecture_of(const Network<T>& network) {
  const auto& nodes = network.nodes();
  JsonValue::Array list, outputs, frozen;
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    const auto& node = nodes[id];
    JsonValue item{{"name", node.name}};
    JsonValue::Array inputs;
    for (const Value input : node.inputs) inputs.emplace_back(nodes[input.id].name);
    const std::size_t origin = detail::sharing_origin(network, id);
    if (!node.operation) {
      item.set("kind", "input").set("sample", detail::json_of(node.shape.sample()));
    } else if (origin != id) {
      item.set("shares", nodes[origin].name).set("inputs", inputs);
    } else {
      detail::require_registered(*node.operation, node.name);
      item.set("kind", node.operation->kind()).set("attributes", node.operation->attributes()).set("inputs", inputs);
    }
    list.push_back(std::move(item));
  }
  for (const auto& output : network.outputs())
    outputs.push_back({{"name", output.name}, {"node", nodes[output.value.id].name}});
  for (const Parameter& p : network.parameters().list())
    if (p.frozen) frozen.emplace_back(p.name);
  JsonValue architecture{
      {"version", architecture_version}, {"nodes", std::move(list)}, {"outputs", std::move(outputs)}};
  if (!frozen.empty()) architecture.set("frozen", std::move(frozen));
  return architecture;
}

/// The network that `architecture_of` described, without weights: call `initialize` or `load_weights`.
/// @throws FileError, whose message starts with `file`, for anything that does not describe a network.
template <class T>
Network<T> build_network(const JsonValue& architecture, const std::string& file = "architecture") {
  return detail::NetworkBuilder<T>().build(JsonReader(architecture, file));
}

AMDEFECT_COMPILED_FUNCTION(architecture_of)
AMDEFECT_COMPILED_FUNCTION(build_network)

}  // namespace amdefect
