#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/nn/layers/batch_norm.hpp"
#include "amdefect/nn/layers/conv2d.hpp"
#include "amdefect/nn/operation.hpp"

namespace amdefect {

namespace detail {

/// A convolution with the activation and batch norm behind it in one pass over its output, for inference. With a second
/// input, the residual, that is added before the activation.
///
/// Parameters: those of the convolution, then those of the batch norm.
/// Prepared, if there is a batch norm: its scale and shift, then the kernel in the form that the convolution reads,
/// scaled if the norm comes before the activation: scale (x * kernel + bias) + shift = x * (scale kernel) + (scale bias
/// + shift).
template <class T>
class FusedConv2d : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  FusedConv2d(std::shared_ptr<const Conv2d<T>> conv, Activation activation, std::shared_ptr<const BatchNorm<T>> norm,
              bool norm_first)
      : conv_(std::move(conv)), norm_(std::move(norm)), activation_(activation), norm_first_(norm_first) {}

  /// Whether a convolution can add to what is in its output: depthwise ones write some outputs twice.
  static bool can_add(const Conv2d<T>& conv) { return conv.options().groups == 1 && conv.filters() > 1; }

  std::string kind() const override { return "fused_conv2d"; }
  Shape output_shape(Shapes inputs) const override { return conv_->output_shape(inputs[0]); }
  MemoryRequest memory(Shapes inputs, const Execution& execution, bool training) const override {
    return conv_->memory(inputs[0], execution, training);
  }
  MemoryTraits traits() const override { return {.second_in_place = true}; }
  PreparedRequest prepared(Shapes inputs, const Execution& execution) const override {
    PreparedRequest request = conv_->prepared(inputs[0], execution);
    if (!norm_) return request;
    const ConvGeometry g = conv_->geometry(inputs[0]);
    request.bytes += affine_bytes(g.out_c);
    const std::size_t scaled_kernel = static_cast<std::size_t>(g.kernel_size()) * sizeof(T);
    if (norm_first_) request.forward_scratch = std::max(request.forward_scratch, scaled_kernel);
    return request;
  }
  void prepare(Context<T>& context, Shapes inputs, std::byte* to) const override {
    if (!norm_) return conv_->prepare(context, inputs[0], to);
    const ConvGeometry g = conv_->geometry(inputs[0]);
    T* scale = reinterpret_cast<T*>(to);
    T* shift = scale + g.out_c;
    norm_->affine(context.parameters.subspan(conv_->options().bias ? 2 : 1), scale, shift);
    T* form = reinterpret_cast<T*>(to + affine_bytes(g.out_c));
    const TensorView<const T> kernel = context.parameter(Conv2d<T>::kernel_slot);
    if (!norm_first_) return conv2d_prepare(context.execution, g, kernel.data(), form);
    const T* bias = conv_->epilogue(context).bias;
    for (Index c = 0; bias && c < g.out_c; ++c) shift[c] += scale[c] * bias[c];
    T* scaled = context.template scratch<T>();
    for (Index i = 0; i < kernel.size(); i += g.out_c)
      for (Index c = 0; c < g.out_c; ++c) scaled[i + c] = kernel[i + c] * scale[c];
    conv2d_prepare<T>(context.execution, g, scaled, form);
  }
  Index macs(Shapes inputs) const override { return conv_->macs(inputs[0]); }
  void forward(Context<T>& context, Inputs inputs, TensorView<T> y) const override {
    const TensorView<const T> x = inputs[0];
    ConvEpilogue<T> epilogue = conv_->epilogue(context);
    epilogue.activation = activation_;
    if (inputs.size() == 2) {
      epilogue.add_to_output = true;
      if (inputs[1].data() != y.data()) copy_elements(context.execution.threads, inputs[1], y);
    }
    if (!norm_) return conv_->convolve(context, x, epilogue, y);
    const ConvGeometry g = conv_->geometry(x.shape());
    const T* scale = context.template prepared<T>();
    const T* shift = scale + g.out_c;
    if (norm_first_) {
      epilogue.bias = shift;
    } else {
      epilogue.scale = scale;
      epilogue.shift = shift;
    }
    const T* form = reinterpret_cast<const T*>(context.prepared_memory + affine_bytes(g.out_c));
    conv2d_forward_prepared(context.execution, g, x.data(), form, epilogue, y.data(), context.template scratch<T>());
  }
  void backward(Context<T>&, Inputs, TensorView<const T>, TensorView<const T>, InputGradients) const override {
    throw Error("fused_conv2d: exists only for inference");
  }

 private:
  /// Bytes for scale and shift; keeps what follows aligned.
  static std::size_t affine_bytes(Index channels) {
    return aligned_size(2 * static_cast<std::size_t>(channels) * sizeof(T));
  }

  std::shared_ptr<const Conv2d<T>> conv_;
  std::shared_ptr<const BatchNorm<T>> norm_;
  Activation activation_;
  bool norm_first_;  // it goes into the kernel then; behind the activation it cannot
};

}  // namespace detail

AMDEFECT_COMPILED_CLASS(detail::FusedConv2d)

}  // namespace amdefect
