#pragma once

#include <memory>
#include <type_traits>
#include <vector>

#include "amdefect/nn/layers/activations.hpp"
#include "amdefect/nn/layers/batch_norm.hpp"
#include "amdefect/nn/layers/conv2d.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

namespace detail {

/// A convolution with the ReLU and batch norm behind it in one pass over its output, for inference.
///
/// Parameters: those of the convolution, then those of the batch norm.
template <class T>
class FusedConv2d : public Layer<T> {
 public:
  FusedConv2d(std::shared_ptr<const Conv2d<T>> conv, bool relu, std::shared_ptr<const BatchNorm<T>> norm)
      : conv_(std::move(conv)), norm_(std::move(norm)), relu_(relu) {}

  std::string kind() const override { return "fused_conv2d"; }
  Shape infer_shape(const Shape& input) const override { return conv_->infer_shape(input); }
  Booking book(const Shape& input, const Execution& execution, bool training) const override {
    Booking booking = conv_->book(input, execution, training);
    booking.forward_scratch += norm_bytes(conv_->geometry(input).out_c);
    return booking;
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Index channels = y.shape().back();
    ConvEpilogue<T> epilogue = conv_->epilogue(context);
    epilogue.relu = relu_;
    auto* scale = context.template scratch<T>();
    T* shift = scale + channels;
    if (norm_) {
      const std::size_t first = conv_->options().bias ? 2 : 1;
      norm_->affine(context.parameters.subspan(first), scale, shift);
      epilogue.scale = scale;
      epilogue.shift = shift;
    }
    context.scratch_memory += norm_bytes(channels);
    conv_->convolve(context, x, epilogue, y);
  }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T>,
                TensorView<T>) const override {
    throw Error("fused_conv2d: exists only for inference");
  }

 private:
  /// Room for scale and shift; keeps the rest of the scratch memory aligned.
  std::size_t norm_bytes(Index channels) const {
    if (!norm_) return 0;
    const std::size_t bytes = 2 * static_cast<std::size_t>(channels) * sizeof(T);
    return (bytes + tensor_alignment - 1) / tensor_alignment * tensor_alignment;
  }

  std::shared_ptr<const Conv2d<T>> conv_;
  std::shared_ptr<const BatchNorm<T>> norm_;
  bool relu_;
};

}  // namespace detail

/// The nodes of a network for inference: a convolution and what follows it (ReLU, batch norm, in this order, nothing
/// else reading the values between) become one node in the place of the last. Nodes that are gone keep their number but
/// lose their operation.
template <class T>
std::vector<typename Network<T>::Node> fuse_for_inference(const Network<T>& network) {
  using Node = typename Network<T>::Node;
  std::vector<Node> nodes = network.nodes();
  std::vector<int> readers(nodes.size());
  for (const Node& node : nodes)
    for (const Value input : node.inputs) ++readers[input.id];
  for (const auto& output : network.outputs()) ++readers[output.value.id];

  /// The number of the only node that reads `id`, if its operation is an `Op`.
  const auto follower = [&]<class Op>(std::size_t id, std::type_identity<Op>) {
    if (readers[id] == 1)
      for (std::size_t next = id + 1; next < nodes.size(); ++next)
        if (nodes[next].inputs.size() == 1 && nodes[next].inputs[0].id == id &&
            dynamic_cast<const Op*>(nodes[next].operation.get()))
          return next;
    return id;
  };
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    const auto conv = std::dynamic_pointer_cast<const Conv2d<T>>(nodes[id].operation);
    if (!conv) continue;
    const std::size_t relu = follower(id, std::type_identity<Relu<T>>{});
    const std::size_t last = follower(relu, std::type_identity<BatchNorm<T>>{});
    if (last == id) continue;
    const auto norm = std::dynamic_pointer_cast<const BatchNorm<T>>(nodes[last].operation);
    Node fused = nodes[last];
    fused.operation = std::make_shared<const detail::FusedConv2d<T>>(conv, relu != id, norm);
    fused.inputs = nodes[id].inputs;
    fused.parameters = nodes[id].parameters;
    if (norm)
      fused.parameters.insert(fused.parameters.end(), nodes[last].parameters.begin(), nodes[last].parameters.end());
    for (const std::size_t gone : {id, relu}) {
      nodes[gone].operation = nullptr;
      nodes[gone].inputs.clear();
    }
    nodes[last] = std::move(fused);
  }
  return nodes;
}

}  // namespace amdefect
