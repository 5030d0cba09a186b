#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/convolution.hpp"
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
    return detail::convolution_memory<T>(execution, geometry(input), training);
  }
  PreparedRequest prepared(const Shape& input, const Execution& execution) const override {
    return detail::convolution_prepared<T>(execution, geometry(input));
  }
  void prepare(Context<T>& context, const Shape& input, std::byte* to) const override {
    conv2d_prepare(context.execution, geometry(input), context.parameter(kernel_slot).data(), reinterpret_cast<T*>(to));
  }
  Index macs(const Shape& input) const override { return geometry(input).macs(); }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const ConvEpilogue<T> epilogue{.bias = bias_ ? context.parameter(bias_slot).data() : nullptr};
    detail::convolve(context.execution, geometry(x.shape()), x.data(), context.parameter(kernel_slot).data(),
                     context.template prepared<T>(), epilogue, y.data(), context.template scratch<T>());
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    detail::convolve_backward(context.execution, geometry(x.shape()), x.data(), context.parameter(kernel_slot).data(),
                              dy.data(), context.gradient(kernel_slot),
                              bias_ ? context.gradient(bias_slot) : TensorView<T>{}, dx.data(),
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
