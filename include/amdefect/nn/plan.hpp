#pragma once

#include <array>
#include <optional>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/nn/infer_shapes.hpp"
#include "amdefect/nn/memory_planner.hpp"
#include "amdefect/nn/network.hpp"
#include "amdefect/nn/value_lives.hpp"

namespace amdefect {

/// What a workspace is for.
struct PlanOptions {
  Execution execution{};
  bool training = false;
  bool input_gradients = false;  ///< also compute the gradients of the network's inputs
};

/// Where every tensor of a network lives for one set of input shapes: values, gradients, state and scratch as offsets
/// into one block of memory. Steps 0 ... n-1 are the forward nodes, n is the loss, 2n - k is the backward step of node
/// k.
template <class T>
class Plan {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// The gradient of a value that several nodes read: total = a + b, element by element. The total may be a or b.
  struct GradientSum {
    std::size_t a = none, b = none, total = none;
  };
  /// One input of a node during backward.
  struct InputGradient {
    std::size_t buffer = none;  ///< where dx is written; none if it is not wanted, or stands elsewhere already
    GradientSum sum{};          ///< computed afterwards, if readers of the value that ran before left a gradient
  };
  struct Node {
    Shape shape;
    std::size_t value = none, gradient = none, state = none;
    std::size_t kept = none;             ///< the value during backward: in other memory if it is computed again
    std::size_t recompute_step = none;   ///< before which backward step
    std::vector<std::size_t> recompute;  ///< the nodes whose values are computed again before backward of this one
    std::vector<InputGradient> input_gradients;
    Execution execution{};  ///< the options of the plan, with one thread for operations too small to share
    std::vector<Shape> input_shapes;
    PreparedRequest prepared{};
    bool backward = false;  ///< the gradient of the loss reaches this node and something before it wants it
  };

  using NetworkNodes = std::vector<typename Network<T>::Node>;

  /// `graph` holds the network's nodes, some of them fused (fusion.hpp).
  Plan(const Network<T>& network, const NetworkNodes& graph, std::span<const Shape> input_shapes,
       const PlanOptions& options)
      : network_(network), graph_(graph), options_(options), nodes_(graph.size()), loss_step_(nodes_.size()) {
    // Scratch memory is for that many threads, from wherever the network is called.
    options_.execution.threads = resolve_threads(options.execution.threads);
    const std::vector<Shape> shapes = infer_shapes(network, input_shapes);
    for (std::size_t id = 0; id < nodes_.size(); ++id) nodes_[id].shape = shapes[id];
    find_gradients();
    plan_values();
    if (options.training) plan_gradients();
    plan_layer_memory();
    bytes_ = planner_.assign_offsets(options_.execution.threads);
  }

  const Node& operator[](std::size_t id) const { return nodes_[id]; }
  std::size_t bytes() const { return bytes_; }
  std::size_t offset(std::size_t buffer) const { return planner_.offset(buffer); }
  /// The buffer that all operations have for scratch memory, one after the other; none if nobody needs any. What a
  /// thread keeps there stays in its cache from one operation to the next.
  std::size_t scratch() const { return scratch_; }

 private:
  std::vector<Shape> input_shapes(std::size_t id) const {
    std::vector<Shape> shapes;
    for (const Value input : graph_[id].inputs) shapes.push_back(nodes_[input.id].shape);
    return shapes;
  }
  std::size_t backward_step(std::size_t id) const { return 2 * loss_step_ - id; }
  const Operation<T>* operation(std::size_t id) const { return graph_[id].operation.get(); }
  const std::vector<Value>& inputs(std::size_t id) const { return graph_[id].inputs; }
  std::size_t bytes_of(std::size_t id) const {
    return static_cast<std::size_t>(nodes_[id].shape.elements()) * sizeof(T);
  }
  std::size_t value_of(Value value) const { return nodes_[value.id].value; }
  bool is_output(std::size_t id) const {
    for (const auto& output : network_.outputs())
      if (output.value.id == id) return true;
    return false;
  }

  /// Waking a thread costs as much as some 10 us of work.
  Execution execution_of(std::size_t id) const {
    constexpr Index least_macs = 1 << 19;
    Execution execution = options_.execution;
    const Index macs = operation(id)->macs(nodes_[id].input_shapes);
    if (macs > 0 && macs < least_macs) execution.threads = 1;  // without a count, the kernel decides by itself
    return execution;
  }

  /// A node runs backward if an output depends on it and it depends on something that wants a gradient.
  void find_gradients() {
    if (!options_.training) return;
    std::vector<bool> wanted(nodes_.size()), reached(nodes_.size());
    for (std::size_t id = 0; id < nodes_.size(); ++id) {
      wanted[id] = !operation(id) && options_.input_gradients;
      for (const std::size_t parameter : graph_[id].parameters)
        wanted[id] = wanted[id] || network_.parameters()[parameter].trainable;
      for (const Value input : inputs(id)) wanted[id] = wanted[id] || wanted[input.id];
    }
    for (std::size_t id = nodes_.size(); id-- > 0;) {
      reached[id] = reached[id] || is_output(id);
      if (reached[id])
        for (const Value input : inputs(id)) reached[input.id] = true;
      nodes_[id].backward = wanted[id] && reached[id];
    }
  }

  void plan_values() {
    std::vector<Shape> shapes;
    std::vector<bool> backward;
    for (const Node& node : nodes_) {
      shapes.push_back(node.shape);
      backward.push_back(node.backward);
    }
    const detail::ValueLives<T> lives(network_, graph_, shapes, backward, options_.execution.recompute);
    for (std::size_t id = 0; id < nodes_.size(); ++id) {
      if (!operation(id)) continue;  // inputs stay in the caller's memory
      const std::size_t source = inputs(id).back().id;
      const MemoryTraits traits = operation(id)->traits();
      const bool possible = inputs(id).size() == 1 ? traits.forward_in_place
                            : inputs(id).size() == 2
                                ? traits.second_in_place && value_of(inputs(id)[0]) != value_of(inputs(id)[1])
                                : false;
      Node& node = nodes_[id];
      if (possible && nodes_[source].value != none && lives.end(source) == id && bytes_of(source) == bytes_of(id)) {
        node.value = nodes_[source].value;
        planner_.extend(node.value, lives.end(id));
      } else {
        node.value = planner_.add(bytes_of(id), id, lives.end(id));
      }
      node.kept = node.value;
      if (!lives[id].again) continue;
      node.kept = planner_.add(bytes_of(id), lives[id].first, lives[id].last);
      node.recompute_step = lives[id].first;
      nodes_[2 * loss_step_ - node.recompute_step].recompute.push_back(id);
    }
  }

  void plan_gradients() {
    for (const auto& output : network_.outputs())
      nodes_[output.value.id].gradient =
          planner_.add(bytes_of(output.value.id), loss_step_, std::max(loss_step_, backward_step(output.value.id)));
    for (std::size_t id = nodes_.size(); id-- > 0;) {
      if (!nodes_[id].backward || !operation(id)) continue;
      const std::size_t step = backward_step(id);
      const MemoryTraits traits = operation(id)->traits();
      std::size_t dx = none;
      for (const Value& input : inputs(id)) {
        InputGradient target;
        if (nodes_[input.id].backward) {
          const bool may_be_dy = traits.equal_gradients || &input == &inputs(id).back();
          if (dx == none || !traits.equal_gradients)
            target.buffer = dx = plan_input_gradient(id, input.id, traits.backward_in_place && may_be_dy);
          target.sum = add_gradient(input.id, dx, step, !traits.equal_gradients);
        }
        nodes_[id].input_gradients.push_back(target);
      }
    }
  }

  /// Where node `id` writes the gradient of `input`: over its own, if it may and nobody else reads that any more.
  std::size_t plan_input_gradient(std::size_t id, std::size_t input, bool may_be_dy) {
    const std::size_t step = backward_step(id);
    const bool in_place = may_be_dy && bytes_of(input) == bytes_of(id) && !read_later(nodes_[id].gradient, id, step);
    return in_place ? nodes_[id].gradient : planner_.add(bytes_of(input), step, step);
  }

  /// Makes `dx`, written in `step`, the gradient of the value `id`, or part of it; `changeable` says whether dx is for
  /// this value only. Values share the memory of a gradient while they only read it, so a sum goes where nobody else
  /// reads.
  GradientSum add_gradient(std::size_t id, std::size_t dx, std::size_t step, bool changeable) {
    std::size_t& gradient = nodes_[id].gradient;
    GradientSum sum;
    if (gradient == none) {
      gradient = dx;
    } else {
      const bool free = gradient != dx && !read_later(gradient, id, step);
      sum = {gradient, dx, free ? gradient : changeable ? dx : planner_.add(bytes_of(id), step, step)};
      gradient = sum.total;
    }
    planner_.extend(gradient, last_read(id));
    return sum;
  }
  /// When the gradient of a value is read: by its node, or for an input by the caller after the last step.
  std::size_t last_read(std::size_t id) const { return operation(id) ? backward_step(id) : 2 * loss_step_; }
  /// Whether the gradient of a value other than `id` stands in that buffer and is needed after `step`.
  bool read_later(std::size_t buffer, std::size_t id, std::size_t step) const {
    for (std::size_t other = 0; other < nodes_.size(); ++other)
      if (other != id && nodes_[other].gradient == buffer && last_read(other) > step) return true;
    return false;
  }

  void plan_layer_memory() {
    std::size_t scratch = 0;
    for (std::size_t id = 0; id < nodes_.size(); ++id) {
      if (!operation(id)) continue;
      Node& node = nodes_[id];
      node.input_shapes = input_shapes(id);
      node.execution = execution_of(id);
      MemoryRequest request = operation(id)->memory(node.input_shapes, node.execution, options_.training);
      if (!options_.training) node.prepared = operation(id)->prepared(node.input_shapes, node.execution);
      if (node.prepared.bytes > 0) request.forward_scratch = node.prepared.forward_scratch;
      scratch = std::max(scratch, request.forward_scratch);
      if (!options_.training) continue;
      std::size_t last = node.backward ? backward_step(id) : id;
      if (node.recompute_step != none) last = std::max(last, node.recompute_step);
      if (request.state > 0) node.state = planner_.add(request.state, id, last);
      if (!node.backward) continue;
      const bool wanted = std::any_of(node.input_gradients.begin(), node.input_gradients.end(),
                                      [](const InputGradient& gradient) { return gradient.buffer != none; });
      scratch = std::max(scratch, request.backward_scratch + (wanted ? 0 : request.unwanted_scratch));
    }
    if (scratch > 0) scratch_ = planner_.add(scratch, 0, 2 * loss_step_);
  }

  const Network<T>& network_;
  const NetworkNodes& graph_;
  PlanOptions options_;
  std::vector<Node> nodes_;
  std::size_t loss_step_, scratch_ = none;
  MemoryPlanner planner_;
  std::size_t bytes_ = 0;
};

AMDEFECT_COMPILED_CLASS(Plan)

}  // namespace amdefect
