#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/conv2d.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Fully connected layer on the last dimension, as Keras' Dense: y = x kernel + bias. All other dimensions are rows.
///
/// Parameters: `kernel` (in, out), `bias` (out). Computed as a 1x1 convolution whose pixels are the rows.
template <class T = float>
class Dense : public Layer<T> {
 public:
  static constexpr std::size_t kernel_slot = 0, bias_slot = 1;

  explicit Dense(Index units, bool bias = true, Initializer initializer = Initializer::glorot_uniform)
      : units_(units), bias_(bias), initializer_(initializer) {
    require(units > 0, "dense: the number of units must be positive, got ", units);
  }

  explicit Dense(const JsonReader& attributes)
      : Dense(detail::read_size(attributes, "units"), attributes.get<bool>("bias"),
              detail::read_initializer(attributes.at("initializer"))) {}

  std::string kind() const override { return "dense"; }
  JsonValue attributes() const override {
    return {{"units", units_}, {"bias", bias_}, {"initializer", detail::json_of(initializer_)}};
  }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 2 && input.back() > 0, "dense: expected at least [batch, features], got ",
                        input);
    Shape output = input;
    output[output.rank() - 1] = units_;
    return output;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    std::vector<ParameterSpec> specs{
        {.name = "kernel", .shape = {input.back(), units_}, .initializer = initializer_, .weight_decay = true}};
    if (bias_) specs.push_back({.name = "bias", .shape = {units_}});
    return specs;
  }
  MemoryRequest memory(const Shape& input, const Execution& execution, bool training) const override {
    const ConvGeometry g = geometry(input);
    const auto bytes = [](Index elements) { return static_cast<std::size_t>(elements) * sizeof(T); };
    MemoryRequest request{.forward_scratch = bytes(conv2d_forward_scratch<T>(execution, g))};
    if (training)
      request.backward_scratch = bytes(
          std::max(conv2d_backward_input_scratch<T>(execution, g), conv2d_backward_kernel_scratch<T>(execution, g)));
    return request;
  }
  Index macs(const Shape& input) const override { return geometry(input).macs(); }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const ConvEpilogue<T> epilogue{.bias = bias_ ? context.parameter(bias_slot).data() : nullptr};
    conv2d_forward(context.execution, geometry(x.shape()), x.data(), context.parameter(kernel_slot).data(), epilogue,
                   y.data(), context.template scratch<T>());
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const ConvGeometry g = geometry(x.shape());
    if (bias_ && !context.gradient(bias_slot).empty())
      bias_gradient(context.execution, g.in_h, units_, dy.data(), context.gradient(bias_slot).data());
    if (!context.gradient(kernel_slot).empty())
      conv2d_backward_kernel(context.execution, g, x.data(), dy.data(), context.gradient(kernel_slot).data(),
                             context.template scratch<T>());
    if (!dx.empty())
      conv2d_backward_input(context.execution, g, dy.data(), context.parameter(kernel_slot).data(), dx.data(),
                            context.template scratch<T>());
  }

 private:
  ConvGeometry geometry(const Shape& input) const {
    const Index rows = input.elements() / input.back();
    return {.in_h = rows, .in_c = input.back(), .out_h = rows, .out_c = units_};
  }

  Index units_;
  bool bias_;
  Initializer initializer_;
};

AMDEFECT_COMPILED_CLASS(Dense)

}  // namespace amdefect
