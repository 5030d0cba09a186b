#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/nn/fusion.hpp"
#include "amdefect/nn/plan.hpp"

namespace amdefect {

/// Runs a network: holds the activations, gradients of activations and scratch memory, but no weights.
///
/// One network may serve many workspaces, one per thread. The first call with an input shape makes a plan and allocates
/// what the largest plan so far does not have; the plans of the `most_plans` shapes used last are kept, and calls with
/// these allocate nothing while the weights stay the same. The network must outlive its workspaces and keep its layers.
/// For inference the weights are brought into the forms that the kernels read once, when they have changed; all
/// workspaces of the network share them.
template <class T>
class Workspace {
 public:
  static constexpr std::size_t most_plans = 16;

  /// For inference. @throws Error if the network's weights were neither initialised nor loaded.
  explicit Workspace(const Network<T>& network, const Execution& execution = {})
      : Workspace(network, nullptr, {.execution = execution}, 0) {}

  /// For training: `forward` updates moving statistics and `backward` adds to the gradients in `network.parameters()`.
  /// Weights are frozen (`Parameters::set_trainable`) before this. `seed` feeds dropout.
  static Workspace for_training(Network<T>& network, const Execution& execution = {}, std::uint64_t seed = 0,
                                bool input_gradients = false) {
    network.parameters().allocate_gradients();
    return Workspace(network, &network, {execution, true, input_gradients}, seed);
  }

  /// Runs all nodes. `x` is a batch shaped (samples, ...) and must stay valid until `backward`.
  /// @throws ShapeError if a layer cannot work on that shape.
  void forward(TensorView<const T> x) { forward(std::span(&x, 1)); }
  void forward(std::span<const TensorView<const T>> inputs);
  /// The same, and calls `visit(name, value)` behind each node that is run, while its output is there: its memory is
  /// used again. Layers that were fused (fusion.hpp) count as one, with the name of the last.
  template <class Visit>
  void forward(std::span<const TensorView<const T>> inputs, const Visit& visit) {
    current_ = &prepare(inputs);
    if (options_.training) {
      ++step_;
      if (updates_statistics_) trained_->parameters().note_change();
    } else if (current_->weights != network_->parameters().version()) {
      prepare_weights(*current_);
    }
    for (std::size_t id = 0; id < graph_->size(); ++id) {
      const Operation<T>* operation = (*graph_)[id].operation.get();
      if (!operation) continue;
      Node& node = current_->nodes[id];
      Context<T> context = context_of(id);
      operation->forward(context, node.inputs, node.value);
      visit((*graph_)[id].name, TensorView<const T>(node.value));
    }
  }

  /// Adds the gradients of all weights, given that the caller filled every `output_gradient` after `forward`.
  void backward();
  /// The same, and calls `complete(parameter)` for each parameter as soon as nothing more is added to its gradient, in
  /// an order that depends on the network alone.
  template <class Complete>
  void backward(const Complete& complete) {
    require(options_.training && current_, "workspace: backward needs a training workspace and a forward pass before");
    for (std::size_t id = graph_->size(); id-- > 0;) {
      const Operation<T>* operation = (*graph_)[id].operation.get();
      Node& node = current_->nodes[id];
      if (!operation) continue;
      if (node.backward) backward(*operation, id, node);
      for (const std::size_t parameter : (*graph_)[id].parameters)
        if (first_use_[parameter] == id) complete(network_->parameters()[parameter]);
    }
  }

  TensorView<const T> output(std::size_t index = 0) const { return node_of_output(index).value; }
  TensorView<const T> output(std::string_view name) const { return output(network_->output_index(name)); }
  /// Gradient of the loss with respect to an output; undefined until the caller fills it.
  TensorView<T> output_gradient(std::size_t index = 0) const { return node_of_output(index).gradient; }
  TensorView<T> output_gradient(std::string_view name) const { return output_gradient(network_->output_index(name)); }
  /// Gradient with respect to an input, after `backward`, if asked for.
  TensorView<const T> input_gradient(std::size_t index = 0) const {
    return current_->nodes[network_->inputs()[index].id].gradient;
  }

  /// Layers that look at the whole batch while training (batch norm) take the samples of all these processes for it,
  /// each of which then has to make the same calls of `forward` and `backward`. Null: only their own.
  void set_group(ProcessGroup* group) { group_ = group; }

  const Network<T>& network() const { return *network_; }
  bool training() const { return options_.training; }
  const Execution& execution() const { return options_.execution; }
  /// Bytes allocated for tensors: those of the largest shape seen so far.
  std::size_t memory() const { return static_cast<std::size_t>(block_.size()); }
  /// Number of input shapes whose plan is kept.
  std::size_t plans() const { return prepared_.size(); }
  /// Number of training steps so far; selects the random numbers of dropout, so a resumed run sets it.
  std::uint64_t step() const { return step_; }
  void set_step(std::uint64_t step) { step_ = step; }

 private:
  using Graph = std::vector<typename Network<T>::Node>;
  static constexpr std::uint64_t none = static_cast<std::uint64_t>(-1);
  struct GradientSum {
    TensorView<const T> a, b;
    TensorView<T> total;
  };
  /// A node's tensors, ready to be handed to its operation.
  struct Node {
    TensorView<T> value, gradient;
    TensorView<T> kept;  // the value during backward, for which some are computed again in other memory
    std::vector<TensorView<const T>> inputs, kept_inputs;
    std::vector<TensorView<T>> input_gradients;
    std::vector<GradientSum> sums;
    std::byte* state = nullptr;
    PreparedWeights::Block prepared;
    bool backward = false;
  };
  /// The plan for one set of input shapes, and its tensors.
  struct Prepared {
    std::vector<Shape> input_shapes;
    Plan<T> plan;
    std::vector<Node> nodes;
    std::byte* scratch = nullptr;
    std::uint64_t weights = none;  ///< version of the weights that the nodes' prepared blocks were made of
  };
  struct ParameterViews {
    std::vector<TensorView<const T>> values;
    std::vector<TensorView<T>> gradients, statistics;
  };

  Workspace(const Network<T>& network, Network<T>* trained, const PlanOptions& options, std::uint64_t seed);

  const Node& node_of_output(std::size_t index) const {
    require(current_ && index < network_->outputs().size(), "workspace: no output ", index, " (of ",
            network_->outputs().size(), "), or no forward pass before");
    return current_->nodes[network_->outputs()[index].value.id];
  }

  Context<T> context_of(std::size_t id) const {
    Context<T> context;
    context.execution = current_->plan[id].execution;
    context.training = options_.training;
    context.group = group_;
    context.random = Random(seed_, step_, id);
    context.parameters = parameters_[id].values;
    context.gradients = parameters_[id].gradients;
    context.statistics = parameters_[id].statistics;
    context.state_memory = current_->nodes[id].state;
    context.scratch_memory = current_->scratch;
    if (const auto& prepared = current_->nodes[id].prepared) context.prepared_memory = prepared->data();
    return context;
  }

  void backward(const Operation<T>& operation, std::size_t id, Node& node) {
    for (const std::size_t again : current_->plan[id].recompute) recompute(again);
    Context<T> context = context_of(id);
    operation.backward(context, node.kept_inputs, node.kept, node.gradient, node.input_gradients);
    for (const GradientSum& sum : node.sums) sum_elements(options_.execution.threads, sum.a, sum.b, sum.total);
  }

  void recompute(std::size_t id) {
    Node& node = current_->nodes[id];
    Context<T> context = context_of(id);
    (*graph_)[id].operation->recompute(context, node.kept_inputs, node.kept);
  }

  /// Takes what the operations made of the present weights, or has it made.
  void prepare_weights(Prepared& prepared) {
    const std::uint64_t weights = network_->parameters().version();
    for (const auto& plan : prepared_) {  // what is out of date is let go, so that its memory can be used again
      if (plan->weights == weights) continue;
      for (Node& node : plan->nodes) node.prepared = nullptr;
      plan->weights = none;
    }
    for (std::size_t id = 0; id < prepared.nodes.size(); ++id) {
      const PreparedRequest& request = prepared.plan[id].prepared;
      Node& node = prepared.nodes[id];
      if (request.bytes == 0) continue;
      node.prepared = network_->prepared_weights().get(weights, id, request.form, request.bytes, [&](std::byte* to) {
        Context<T> context = context_of(id);
        (*graph_)[id].operation->prepare(context, prepared.plan[id].input_shapes, to);
      });
    }
    prepared.weights = weights;
  }

  /// Finds or makes the plan for these shapes and points it at the inputs.
  Prepared& prepare(std::span<const TensorView<const T>> inputs) {
    const auto same = [&](const std::unique_ptr<Prepared>& p) {
      return std::equal(inputs.begin(), inputs.end(), p->input_shapes.begin(), p->input_shapes.end(),
                        [](const auto& input, const Shape& shape) { return input.shape() == shape; });
    };
    auto found = std::find_if(prepared_.begin(), prepared_.end(), same);
    if (found == prepared_.end()) found = add_plan(inputs);
    std::rotate(prepared_.begin(), found, found + 1);
    Prepared& prepared = *prepared_.front();
    connect_inputs(prepared, inputs);
    return prepared;
  }

  /// Plans for these shapes; of too many plans the one that was not used for the longest time goes.
  auto add_plan(std::span<const TensorView<const T>> inputs) {
    std::vector<Shape> shapes;
    for (const auto& input : inputs) shapes.push_back(input.shape());
    Plan<T> plan(*network_, *graph_, shapes, options_);
    auto prepared = std::make_unique<Prepared>(Prepared{std::move(shapes), std::move(plan), {}});
    current_ = nullptr;
    if (prepared_.size() == most_plans) prepared_.pop_back();
    allocate_block(prepared->plan.bytes());
    lay_out(*prepared);
    prepared_.push_back(std::move(prepared));
    return prepared_.end() - 1;
  }

  void allocate_block(std::size_t bytes) {
    if (bytes <= memory()) return;
    std::vector<std::unique_ptr<Prepared>> others = std::exchange(prepared_, {});  // gone if there is no memory
    block_ = Tensor<std::byte>();  // release before allocating the larger block
    block_ = Tensor<std::byte>({static_cast<Index>(bytes)});
    for (const auto& other : others) lay_out(*other);
    prepared_ = std::move(others);
  }

  void lay_out(Prepared& prepared) {
    const Plan<T>& plan = prepared.plan;
    const auto at = [&](std::size_t buffer) {
      return buffer == Plan<T>::none ? nullptr : block_.data() + plan.offset(buffer);
    };
    const auto tensor = [&](std::size_t buffer, const Shape& shape) {
      return TensorView<T>(reinterpret_cast<T*>(at(buffer)), shape);
    };
    prepared.nodes.assign(graph_->size(), {});
    prepared.scratch = at(plan.scratch());
    prepared.weights = none;
    for (std::size_t id = 0; id < prepared.nodes.size(); ++id) {
      Node& node = prepared.nodes[id];
      const auto& planned = plan[id];
      node.value = tensor(planned.value, planned.shape);
      node.kept = tensor(planned.kept, planned.shape);
      node.gradient = tensor(planned.gradient, planned.shape);
      node.state = at(planned.state);
      node.backward = planned.backward;
      const std::vector<Value>& inputs = (*graph_)[id].inputs;
      for (const Value input : inputs) {
        node.inputs.push_back(prepared.nodes[input.id].value);
        node.kept_inputs.push_back(prepared.nodes[input.id].kept);
      }
    }
    for (std::size_t id = 0; id < prepared.nodes.size(); ++id) {
      const std::vector<Value>& inputs = (*graph_)[id].inputs;
      for (std::size_t i = 0; i < plan[id].input_gradients.size(); ++i) {
        const auto& target = plan[id].input_gradients[i];
        Node& node = prepared.nodes[id];
        const Shape& shape = plan[inputs[i].id].shape;
        node.input_gradients.push_back(target.buffer == Plan<T>::none ? TensorView<T>{} : tensor(target.buffer, shape));
        if (const auto& sum = target.sum; sum.total != Plan<T>::none)
          node.sums.push_back({tensor(sum.a, shape), tensor(sum.b, shape), tensor(sum.total, shape)});
      }
    }
  }

  void connect_inputs(Prepared& prepared, std::span<const TensorView<const T>> inputs) {
    for (std::size_t id = 0; id < prepared.nodes.size(); ++id)
      for (std::size_t slot = 0; slot < (*graph_)[id].inputs.size(); ++slot)
        for (std::size_t i = 0; i < inputs.size(); ++i)
          if ((*graph_)[id].inputs[slot].id == network_->inputs()[i].id)
            prepared.nodes[id].inputs[slot] = prepared.nodes[id].kept_inputs[slot] = inputs[i];
  }

  const Network<T>* network_;
  Network<T>* trained_;  // the same; null for inference
  PlanOptions options_;
  std::uint64_t seed_, step_ = 0;
  std::shared_ptr<const Graph> graph_;  // plans refer to it, so its address must not change when a workspace moves
  std::vector<ParameterViews> parameters_;
  std::vector<std::size_t> first_use_;  // for each parameter the first node that has it, the last one in backward
  ProcessGroup* group_ = nullptr;
  bool updates_statistics_ = false;
  std::vector<std::unique_ptr<Prepared>> prepared_;  // the one used last comes first
  Prepared* current_ = nullptr;
  Tensor<std::byte> block_;
};

template <class T>
void Workspace<T>::forward(std::span<const TensorView<const T>> inputs) {
  forward(inputs, [](const std::string&, TensorView<const T>) {});
}

template <class T>
void Workspace<T>::backward() {
  backward([](const Parameter&) {});
}

template <class T>
Workspace<T>::Workspace(const Network<T>& network, Network<T>* trained, const PlanOptions& options, std::uint64_t seed)
    : network_(&network),
      trained_(trained),
      options_(options),
      seed_(seed),
      graph_(
          std::make_shared<const Graph>(options.training ? fuse_for_training(network) : fuse_for_inference(network))) {
  for (const auto& output : network.outputs())
    require(network.nodes()[output.value.id].operation != nullptr, "workspace: the output '", output.name,
            "' of the network is one of its inputs: there is nothing to compute");
  require(network.parameters().allocated() || network.parameters().count() == 0,
          "workspace: the network has no weights yet: call initialize() or load_weights() first");
  first_use_.assign(network.parameters().count(), graph_->size());
  for (const auto& node : *graph_) {
    ParameterViews views;
    for (const std::size_t id : node.parameters) {
      first_use_[id] = std::min(first_use_[id], parameters_.size());
      const Parameter& parameter = network.parameters()[id];
      views.values.push_back(network.parameters().value(parameter));
      if (!trained) continue;
      const bool updated = parameter.statistic && !parameter.frozen;
      updates_statistics_ = updates_statistics_ || updated;
      views.statistics.push_back(updated ? trained->parameters().value(parameter) : TensorView<T>{});
      views.gradients.push_back(parameter.trainable ? trained->parameters().gradient(parameter) : TensorView<T>{});
    }
    parameters_.push_back(std::move(views));
  }
}

AMDEFECT_COMPILED_CLASS(Workspace)

}  // namespace amdefect
