#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/operation.hpp"
#include "amdefect/nn/prepared_weights.hpp"

namespace amdefect {

/// A tensor inside a network: the handle that `Network::input` and `Network::add` return.
struct Value {
  std::size_t id = 0;
};

/// A directed acyclic graph of operations with its weights. It is built by ordinary code, a call per layer:
///
///     Network net;  // of float; Network<double> computes in double
///     Value x = net.input({28, 28, 1});
///     x = net.add(Conv2d(16, {.kernel = 3}), x, "conv1");
///     x = net.add(Relu(), x);
///     net.output(net.add(Add(), {x, shortcut}), "features");
///     net.initialize(seed);
///
/// A network only describes and holds weights; `Workspace` runs it. Not copyable, cheap to move.
template <class T = float>
class Network {
 public:
  using Scalar = T;

  /// One operation, its inputs and where its parameters are.
  struct Node {
    std::string name;
    std::shared_ptr<const Operation<T>> operation;  ///< null for an input of the network
    std::vector<Value> inputs;
    Shape shape;                          ///< of the output for a batch of one
    std::vector<std::size_t> parameters;  ///< ids in `Network::parameters()`
  };
  struct Output {
    std::string name;
    Value value;
  };

  Network() = default;
  Network(Network&&) noexcept = default;
  Network& operator=(Network&&) noexcept = default;

  /// Declares an input; `sample` is the shape without the batch. Layers that do not fix it accept other heights and
  /// widths at run time.
  Value input(const Shape& sample, const std::string& name = "input");

  /// Appends an operation. Parameters are called `name.parameter`; the default name is the kind, numbered.
  /// @throws ShapeError naming the node if the operation cannot work on the inputs.
  template <std::derived_from<Operation<T>> Op>
  Value add(Op operation, std::initializer_list<Value> inputs, const std::string& name = {}) {
    return add(std::make_shared<const Op>(std::move(operation)), std::vector<Value>(inputs), name);
  }
  template <std::derived_from<Operation<T>> Op>
  Value add(Op operation, Value input, const std::string& name = {}) {
    return add(std::move(operation), {input}, name);
  }
  Value add(std::shared_ptr<const Operation<T>> operation, const std::vector<Value>& inputs,
            const std::string& name = {});

  /// Appends an operation that uses the parameters of the earlier node `weights` (e.g. one head on several levels).
  Value add_shared(Value weights, Value input, const std::string& name = {});

  /// Marks a value as an output, in order.
  void output(Value value, const std::string& name = "output") {
    require(value.id < nodes_.size(), "network: output '", name, "' is not a value of this network");
    for (const Output& other : outputs_)
      require(other.value.id != value.id, "network: '", nodes_[value.id].name, "' is an output already");
    outputs_.push_back({name, value});
  }

  /// Gives every parameter its first value; the same seed gives the same weights.
  void initialize(std::uint64_t seed);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Value>& inputs() const { return inputs_; }
  const std::vector<Output>& outputs() const { return outputs_; }
  Parameters<T>& parameters() { return parameters_; }
  const Parameters<T>& parameters() const { return parameters_; }
  /// Forms of the weights that inference made and keeps; workspaces fill them.
  PreparedWeights& prepared_weights() const { return *prepared_weights_; }
  /// Shape of a value for a batch of one, as declared.
  const Shape& shape(Value value) const { return nodes_.at(value.id).shape; }

  /// Position of the output of that name. @throws Error if there is none.
  std::size_t output_index(std::string_view name) const {
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      if (outputs_[i].name == name) return i;
    throw Error(concat("network: there is no output '", name, "'"));
  }

 private:
  bool has_node(const std::string& name) const {
    return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.name == name; });
  }
  /// The given name, which must be new, or the default one, numbered where it is taken.
  std::string checked_name(const std::string& given, const std::string& otherwise) const {
    if (!given.empty()) {
      require(!has_node(given), "network: there are two nodes named '", given, "'");
      return given;
    }
    std::string name = otherwise;
    for (int number = 1; has_node(name); ++number) name = concat(otherwise, "_", number);
    return name;
  }

  std::vector<Node> nodes_;
  std::vector<Value> inputs_;
  Parameters<T> parameters_;
  std::unique_ptr<PreparedWeights> prepared_weights_ = std::make_unique<PreparedWeights>();

 protected:
  std::vector<Output> outputs_;
};

/// A chain of layers with one input and one output: a network that remembers its last value.
///
///     Sequential net({28, 28, 1});
///     net.add(Conv2d(16, {.kernel = 3}), Relu(), MaxPool2d(), Flatten(), Dense(10));
template <class T = float>
class Sequential : public Network<T> {
 public:
  explicit Sequential(const Shape& sample) : last_(this->input(sample)) { this->output(last_); }

  template <std::derived_from<Operation<T>> Op>
  Sequential& add(Op operation, const std::string& name = {}) {
    last_ = Network<T>::add(std::move(operation), last_, name);
    this->outputs_[0].value = last_;
    return *this;
  }
  /// Several layers one after the other, with default names.
  template <std::derived_from<Operation<T>>... Ops>
  requires(sizeof...(Ops) > 1) Sequential& add(Ops... operations) {
    (add(std::move(operations)), ...);
    return *this;
  }

 private:
  Value last_;
};

template <class T>
Value Network<T>::input(const Shape& sample, const std::string& name) {
  nodes_.push_back({checked_name(name, name), nullptr, {}, sample.batched(1), {}});
  inputs_.push_back({nodes_.size() - 1});
  return inputs_.back();
}

template <class T>
Value Network<T>::add(std::shared_ptr<const Operation<T>> operation, const std::vector<Value>& inputs,
                      const std::string& name) {
  Node node{checked_name(name, operation->kind()), operation, inputs, {}, {}};
  std::vector<Shape> shapes;
  for (const Value input : inputs) {
    require(input.id < nodes_.size(), "network: an input of '", node.name, "' is not a value of this network");
    shapes.push_back(nodes_[input.id].shape);
  }
  try {
    node.shape = operation->output_shape(shapes);
  } catch (const ShapeError& error) {
    throw ShapeError(concat("network: '", node.name, "': ", error.what()));
  }
  for (ParameterSpec& spec : operation->parameters(shapes)) {
    spec.name = node.name + "." + spec.name;
    node.parameters.push_back(parameters_.count());
    parameters_.declare(std::move(spec));
  }
  nodes_.push_back(std::move(node));
  return {nodes_.size() - 1};
}

template <class T>
Value Network<T>::add_shared(Value weights, Value input, const std::string& name) {
  require(weights.id < nodes_.size() && input.id < nodes_.size(), "network: '", name.empty() ? "add_shared" : name,
          "': the node whose weights it shares, or its input, is not a value of this network");
  const Node& origin = nodes_[weights.id];
  require(origin.operation != nullptr, "network: '", origin.name, "' is an input and has no weights to share");
  const std::array<Shape, 1> shapes{nodes_[input.id].shape};
  Node node{checked_name(name, origin.name), origin.operation, {input}, {}, origin.parameters};
  try {
    node.shape = origin.operation->output_shape(shapes);
  } catch (const ShapeError& error) {
    throw ShapeError(concat("network: '", node.name, "': ", error.what()));
  }
  const std::vector<ParameterSpec> specs = origin.operation->parameters(shapes);
  for (std::size_t i = 0; i < specs.size(); ++i)
    require_shape(("network: shared weights of '" + origin.name + "'").c_str(), parameters_[origin.parameters[i]].shape,
                  specs[i].shape);
  nodes_.push_back(std::move(node));
  return {nodes_.size() - 1};
}

template <class T>
void Network<T>::initialize(std::uint64_t seed) {
  parameters_.allocate();
  for (std::size_t id = 0; id < parameters_.count(); ++id)
    amdefect::initialize(parameters_.value(parameters_[id]), parameters_[id].initializer, Random(seed, id));
}

AMDEFECT_COMPILED_CLASS(Network)
AMDEFECT_COMPILED_CLASS(Sequential)

}  // namespace amdefect
