#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/fused_conv2d.hpp"
#include "amdefect/nn/fused_training.hpp"
#include "amdefect/nn/layers/activations.hpp"
#include "amdefect/nn/layers/batch_norm.hpp"
#include "amdefect/nn/layers/conv2d.hpp"
#include "amdefect/nn/layers/merge.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

namespace detail {

/// The operation if it is of the class of `example`, and no class of somebody's own derived from it.
template <class Op, class T>
std::shared_ptr<const Op> exactly(const std::shared_ptr<const Operation<T>>& operation, const Op& example) {
  return operation && same_class<T>(*operation, example) ? std::static_pointer_cast<const Op>(operation) : nullptr;
}

/// The activation that a layer of the library is, `none` if it is another operation.
template <class T>
Activation activation_of(const std::shared_ptr<const Operation<T>>& operation) {
  if (exactly(operation, Relu<T>())) return Activation::relu;
  if (exactly(operation, Relu6<T>())) return Activation::relu6;
  if (exactly(operation, Sigmoid<T>())) return Activation::sigmoid;
  if (exactly(operation, Silu<T>())) return Activation::silu;
  if (exactly(operation, HardSwish<T>())) return Activation::hard_swish;
  if (exactly(operation, Gelu<T>())) return Activation::gelu;
  if (exactly(operation, Tanh<T>())) return Activation::tanh;
  return Activation::none;
}

/// Finds nodes of a network that can become one with what follows them.
template <class T>
class Followers {
 public:
  explicit Followers(const Network<T>& network) : nodes_(network.nodes()), readers_(nodes_.size()) {
    for (const auto& node : nodes_)
      for (const Value input : node.inputs) ++readers_[input.id];
    for (const auto& output : network.outputs()) ++readers_[output.value.id];
  }
  /// The number of the only node that reads `id`, if it has so many inputs (1 or 2) and `fits` says so of its
  /// operation; else `id`.
  template <class Fits>
  std::size_t next(std::size_t id, const Fits& fits, std::size_t inputs = 1) const {
    if (readers_[id] == 1)
      for (std::size_t next = id + 1; next < nodes_.size(); ++next)
        if (const auto& node = nodes_[next];
            node.inputs.size() == inputs && (node.inputs.front().id == id || node.inputs.back().id == id))
          return fits(node.operation) ? next : id;
    return id;
  }

 private:
  const std::vector<typename Network<T>::Node>& nodes_;
  std::vector<int> readers_;
};

/// A node that became part of another one keeps its number.
template <class Node>
void remove(Node& node) {
  node.operation = nullptr;
  node.inputs.clear();
  node.parameters.clear();
}

}  // namespace detail

/// The nodes of a network for training (fused_training.hpp): where nothing else reads the values between, a batch norm
/// and the ReLU, ReLU6 or SiLU behind it become one node where that was; so do the sum of two values and a ReLU, and
/// the batch norm of a convolution that learns before them. Nodes that are gone keep their number but lose their
/// operation.
template <class T>
std::vector<typename Network<T>::Node> fuse_for_training(const Network<T>& network) {
  auto nodes = network.nodes();
  const detail::Followers<T> followers(network);
  const BatchNorm<T> any_norm;
  const Add<T> any_sum;
  const auto fits = [](const auto& operation) {
    const Activation activation = detail::activation_of<T>(operation);
    return activation != Activation::none && norm_takes(activation);
  };
  const auto is_relu = [](const auto& operation) { return detail::activation_of<T>(operation) == Activation::relu; };
  const auto is_sum = [&](const auto& operation) { return detail::exactly(operation, any_sum) != nullptr; };
  const auto learns = [&](std::size_t id) {
    return std::any_of(nodes[id].parameters.begin(), nodes[id].parameters.end(),
                       [&](std::size_t parameter) { return network.parameters()[parameter].trainable; });
  };
  // Node `last` does all that the nodes before it did, which end in `from`.
  const auto become = [&](std::size_t last, std::size_t from, std::shared_ptr<const Operation<T>> operation) {
    nodes[last].operation = std::move(operation);
    nodes[last].inputs = nodes[from].inputs;
    nodes[last].parameters = nodes[from].parameters;
    detail::remove(nodes[from]);
  };
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    const auto norm = detail::exactly(nodes[id].operation, any_norm);
    const bool sum = is_sum(nodes[id].operation) && nodes[id].inputs.size() == 2;
    const std::size_t last = norm ? followers.next(id, fits) : sum ? followers.next(id, is_relu) : id;
    if (last != id) {
      if (sum)
        become(last, id, std::make_shared<const detail::AddRelu<T>>());
      else
        become(last, id,
               std::make_shared<const detail::BatchNormActivation<T>>(*norm,
                                                                      detail::activation_of<T>(nodes[last].operation)));
      continue;
    }
    if (!norm || !learns(nodes[id].inputs[0].id)) continue;
    const std::size_t sum_id = followers.next(id, is_sum, 2);
    const std::size_t relu = followers.next(sum_id, is_relu);
    if (sum_id == id || relu == sum_id || !nodes[sum_id].operation) continue;  // or part of another batch norm already
    const Value other = nodes[sum_id].inputs[nodes[sum_id].inputs[0].id == id ? 1 : 0];
    become(relu, id, std::make_shared<const detail::BatchNormAddRelu<T>>(*norm));
    nodes[relu].inputs.push_back(other);
    detail::remove(nodes[sum_id]);
  }
  return nodes;
}

/// The nodes of a network for inference: a convolution and what follows it, nothing else reading the values between,
/// become one node where the last was. That is an activation and a batch norm in either order, or one of them; and
/// behind a convolution, with its batch norm or without, the sum with another value and the activation behind that, as
/// residual blocks have it. Nodes that are gone keep their number but lose their operation.
template <class T>
std::vector<typename Network<T>::Node> fuse_for_inference(const Network<T>& network) {
  using Node = typename Network<T>::Node;
  std::vector<Node> nodes = network.nodes();
  const detail::Followers<T> followers(network);
  const Conv2d<T> any_conv(1);
  const BatchNorm<T> any_norm;
  const Add<T> any_sum;
  const auto is_activation = [](const auto& op) { return detail::activation_of<T>(op) != Activation::none; };
  const auto is_norm = [&](const auto& op) { return detail::exactly(op, any_norm) != nullptr; };
  const auto is_sum = [&](const auto& op) { return detail::exactly(op, any_sum) != nullptr; };
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    const auto conv = detail::exactly(nodes[id].operation, any_conv);
    if (!conv) continue;
    const std::size_t early = followers.next(id, is_activation);  // `id` itself where there is none
    const std::size_t norm_id = followers.next(early, is_norm);
    const bool norm_first = early == id && norm_id != id;
    std::size_t sum = norm_id;
    if (early == id && detail::FusedConv2d<T>::can_add(*conv)) sum = followers.next(norm_id, is_sum, 2);
    if (!is_sum(nodes[sum].operation)) sum = norm_id;  // it became part of another convolution
    const bool residual = sum != norm_id;
    const std::size_t last = norm_first || residual ? followers.next(sum, is_activation) : norm_id;
    if (last == id) continue;
    const auto norm = detail::exactly(nodes[norm_id].operation, any_norm);
    const Activation activation = detail::activation_of<T>(nodes[norm_first || residual ? last : early].operation);
    Node fused = nodes[last];
    fused.operation = std::make_shared<const detail::FusedConv2d<T>>(conv, activation, norm, norm_first);
    fused.inputs = nodes[id].inputs;
    if (residual) fused.inputs.push_back(nodes[sum].inputs[nodes[sum].inputs[0].id == norm_id ? 1 : 0]);
    fused.parameters = nodes[id].parameters;
    if (norm)
      fused.parameters.insert(fused.parameters.end(), nodes[norm_id].parameters.begin(),
                              nodes[norm_id].parameters.end());
    for (const std::size_t gone : {id, early, norm_id, sum}) detail::remove(nodes[gone]);
    nodes[last] = std::move(fused);
  }
  return nodes;
}

AMDEFECT_COMPILED_FUNCTION(fuse_for_training)
AMDEFECT_COMPILED_FUNCTION(fuse_for_inference)

}  // namespace amdefect
