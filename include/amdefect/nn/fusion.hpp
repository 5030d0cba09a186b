#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/layers/activations.hpp"
#include "amdefect/nn/layers/batch_norm.hpp"
#include "amdefect/nn/layers/conv2d.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

namespace detail {

/// A convolution with the activation and batch norm behind it in one pass over its output, for inference.
///
/// Parameters: those of the convolution, then those of the batch norm.
/// Prepared, if there is a batch norm: its scale and shift, then the kernel in the form that the convolution reads,
/// scaled if the norm comes before the activation: scale (x * kernel + bias) + shift = x * (scale kernel) + (scale bias
/// + shift).
template <class T>
class FusedConv2d : public Layer<T> {
 public:
  FusedConv2d(std::shared_ptr<const Conv2d<T>> conv, Activation activation, std::shared_ptr<const BatchNorm<T>> norm,
              bool norm_first)
      : conv_(std::move(conv)), norm_(std::move(norm)), activation_(activation), norm_first_(norm_first) {}

  std::string kind() const override { return "fused_conv2d"; }
  Shape output_shape(const Shape& input) const override { return conv_->output_shape(input); }
  MemoryRequest memory(const Shape& input, const Execution& execution, bool training) const override {
    return conv_->memory(input, execution, training);
  }
  PreparedRequest prepared(const Shape& input, const Execution& execution) const override {
    PreparedRequest request = conv_->prepared(input, execution);
    if (!norm_) return request;
    const ConvGeometry g = conv_->geometry(input);
    request.bytes += affine_bytes(g.out_c);
    const std::size_t scaled_kernel = static_cast<std::size_t>(g.kernel_size()) * sizeof(T);
    if (folds()) request.forward_scratch = std::max(request.forward_scratch, scaled_kernel);
    return request;
  }
  void prepare(Context<T>& context, const Shape& input, std::byte* to) const override {
    if (!norm_) return conv_->prepare(context, input, to);
    const ConvGeometry g = conv_->geometry(input);
    T* scale = reinterpret_cast<T*>(to);
    T* shift = scale + g.out_c;
    norm_->affine(context.parameters.subspan(conv_->options().bias ? 2 : 1), scale, shift);
    T* form = reinterpret_cast<T*>(to + affine_bytes(g.out_c));
    const TensorView<const T> kernel = context.parameter(Conv2d<T>::kernel_slot);
    if (!folds()) return conv2d_prepare(context.execution, g, kernel.data(), form);
    const T* bias = conv_->epilogue(context).bias;
    for (Index c = 0; bias && c < g.out_c; ++c) shift[c] += scale[c] * bias[c];
    T* scaled = context.template scratch<T>();
    for (Index i = 0; i < kernel.size(); i += g.out_c)
      for (Index c = 0; c < g.out_c; ++c) scaled[i + c] = kernel[i + c] * scale[c];
    conv2d_prepare<T>(context.execution, g, scaled, form);
  }
  Index macs(const Shape& input) const override { return conv_->macs(input); }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    ConvEpilogue<T> epilogue = conv_->epilogue(context);
    epilogue.activation = activation_;
    if (!norm_) return conv_->convolve(context, x, epilogue, y);
    const ConvGeometry g = conv_->geometry(x.shape());
    const T* scale = context.template prepared<T>();
    const T* shift = scale + g.out_c;
    if (folds()) {
      epilogue.bias = shift;
    } else {
      epilogue.scale = scale;
      epilogue.shift = shift;
    }
    const T* form = reinterpret_cast<const T*>(context.prepared_memory + affine_bytes(g.out_c));
    conv2d_forward_prepared(context.execution, g, x.data(), form, epilogue, y.data(), context.template scratch<T>());
  }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T>,
                TensorView<T>) const override {
    throw Error("fused_conv2d: exists only for inference");
  }

 private:
  /// Whether the batch norm goes into the kernel.
  bool folds() const { return norm_first_ && activation_ != Activation::none; }
  /// Bytes for scale and shift; keeps what follows aligned.
  static std::size_t affine_bytes(Index channels) {
    const std::size_t bytes = 2 * static_cast<std::size_t>(channels) * sizeof(T);
    return (bytes + tensor_alignment - 1) / tensor_alignment * tensor_alignment;
  }

  std::shared_ptr<const Conv2d<T>> conv_;
  std::shared_ptr<const BatchNorm<T>> norm_;
  Activation activation_;
  bool norm_first_;
};

/// A batch norm and the ReLU behind it, for training.
template <class T>
class BatchNormRelu final : public BatchNorm<T> {
 public:
  explicit BatchNormRelu(const BatchNorm<T>& norm) : BatchNorm<T>(norm.options(), true) {}
  std::string kind() const override { return "batch_norm_relu"; }
};

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
  /// The number of the only node that reads `id`, if `fits` says so of its operation; else `id`.
  template <class Fits>
  std::size_t next(std::size_t id, const Fits& fits) const {
    if (readers_[id] == 1)
      for (std::size_t next = id + 1; next < nodes_.size(); ++next)
        if (nodes_[next].inputs.size() == 1 && nodes_[next].inputs[0].id == id && fits(nodes_[next].operation))
          return next;
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

/// The nodes of a network for training: a batch norm and the ReLU behind it become one node where the ReLU was, if
/// nothing else reads the value between. Nodes that are gone keep their number but lose their operation.
template <class T>
std::vector<typename Network<T>::Node> fuse_for_training(const Network<T>& network) {
  auto nodes = network.nodes();
  const detail::Followers<T> followers(network);
  const BatchNorm<T> any_norm;
  const auto is_relu = [](const auto& operation) { return detail::activation_of<T>(operation) == Activation::relu; };
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    const auto norm = detail::exactly(nodes[id].operation, any_norm);
    const std::size_t relu = norm ? followers.next(id, is_relu) : id;
    if (relu == id) continue;
    nodes[relu].operation = std::make_shared<const detail::BatchNormRelu<T>>(*norm);
    nodes[relu].inputs = nodes[id].inputs;
    nodes[relu].parameters = nodes[id].parameters;
    detail::remove(nodes[id]);
  }
  return nodes;
}

/// The nodes of a network for inference: a convolution and what follows it (an activation and a batch norm in either
/// order, or one of them, nothing else reading the values between) become one node where the last was. Nodes that are
/// gone keep their number but lose their operation.
template <class T>
std::vector<typename Network<T>::Node> fuse_for_inference(const Network<T>& network) {
  using Node = typename Network<T>::Node;
  std::vector<Node> nodes = network.nodes();
  const detail::Followers<T> followers(network);
  const Conv2d<T> any_conv(1);
  const BatchNorm<T> any_norm;
  const auto is_activation = [](const auto& op) { return detail::activation_of<T>(op) != Activation::none; };
  const auto is_norm = [&](const auto& op) { return detail::exactly(op, any_norm) != nullptr; };
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    const auto conv = detail::exactly(nodes[id].operation, any_conv);
    if (!conv) continue;
    const std::size_t early = followers.next(id, is_activation);  // `id` itself where there is none
    const std::size_t norm_id = followers.next(early, is_norm);
    const bool norm_first = early == id && norm_id != id;
    const std::size_t last = norm_first ? followers.next(norm_id, is_activation) : norm_id;
    if (last == id) continue;
    const auto norm = detail::exactly(nodes[norm_id].operation, any_norm);
    const Activation activation = detail::activation_of<T>(nodes[norm_first ? last : early].operation);
    Node fused = nodes[last];
    fused.operation = std::make_shared<const detail::FusedConv2d<T>>(conv, activation, norm, norm_first);
    fused.inputs = nodes[id].inputs;
    fused.parameters = nodes[id].parameters;
    if (norm)
      fused.parameters.insert(fused.parameters.end(), nodes[norm_id].parameters.begin(),
                              nodes[norm_id].parameters.end());
    for (const std::size_t gone : {id, early, norm_id}) detail::remove(nodes[gone]);
    nodes[last] = std::move(fused);
  }
  return nodes;
}

AMDEFECT_COMPILED_CLASS(detail::FusedConv2d)
AMDEFECT_COMPILED_CLASS(detail::BatchNormRelu)
AMDEFECT_COMPILED_FUNCTION(fuse_for_training)
AMDEFECT_COMPILED_FUNCTION(fuse_for_inference)

}  // namespace amdefect
