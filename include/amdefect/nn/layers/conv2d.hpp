#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/conv_options.hpp"
#include "amdefect/nn/convolution.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// 2-D convolution (cross-correlation) on NHWC, as Keras' Conv2D: y[n,i,j,o] = bias[o] + sum over u,v,c of
/// x[n, i s + u d - top, j s + v d - left, c] kernel[u,v,c,o].
///
/// Parameters: `kernel` (kernel_h, kernel_w, in / groups, out), `bias` (out).
template <class T = float>
class Conv2d : public Layer<T> {
 public:
  static constexpr std::size_t kernel_slot = 0, bias_slot = 1;

  /// @throws Error for sizes that are not positive or groups that do not divide the filters.
  explicit Conv2d(Index filters, const ConvOptions& options = {})
      : filters_(filters), options_(detail::complete(options, "conv2d", filters)) {}
  explicit Conv2d(const JsonReader& attributes)
      : Conv2d(detail::read_size(attributes, "filters"), detail::read_conv_options(attributes)) {}

  Index filters() const { return filters_; }
  const ConvOptions& options() const { return options_; }

  std::string kind() const override { return "conv2d"; }
  JsonValue attributes() const override { return detail::json_of(options_, filters_); }
  Shape output_shape(const Shape& input) const override {
    const ConvGeometry g = geometry(input);
    return {g.batch, g.out_h, g.out_w, g.out_c};
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    const ConvGeometry g = geometry(input);
    std::vector<ParameterSpec> specs{{.name = "kernel",
                                      .shape = {g.kernel_h, g.kernel_w, g.group_in(), g.out_c},
                                      .initializer = options_.initializer,
                                      .weight_decay = true}};
    if (options_.bias) specs.push_back({.name = "bias", .shape = {g.out_c}});
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
    convolve(context, x, epilogue(context), y);
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    detail::convolve_backward(context.execution, geometry(x.shape()), x.data(), context.parameter(kernel_slot).data(),
                              dy.data(), context.gradient(kernel_slot),
                              options_.bias ? context.gradient(bias_slot) : TensorView<T>{}, dx.data(),
                              context.template scratch<T>());
  }

  /// What follows the convolution in this layer: the bias, if there is one.
  ConvEpilogue<T> epilogue(const Context<T>& context) const {
    ConvEpilogue<T> epilogue;
    if (options_.bias) epilogue.bias = context.parameter(bias_slot).data();
    return epilogue;
  }
  /// y = epilogue(x * kernel), for the prepared kernel where there is one.
  void convolve(Context<T>& context, TensorView<const T> x, const ConvEpilogue<T>& epilogue, TensorView<T> y) const {
    detail::convolve(context.execution, geometry(x.shape()), x.data(), context.parameter(kernel_slot).data(),
                     context.template prepared<T>(), epilogue, y.data(), context.template scratch<T>());
  }
  /// The sizes of this convolution on an input [batch, height, width, channels]. @throws ShapeError if it cannot be.
  ConvGeometry geometry(const Shape& input) const {
    require_rank("conv2d", "[batch, height, width, channels]", 4, input);
    const ConvOptions& o = options_;
    require<ShapeError>(input[3] > 0 && input[3] % o.groups == 0, "conv2d: ", input[3],
                        " input channels do not divide into ", o.groups, " groups, input ", input);
    const WindowAxis h =
        window_axis(input[1], o.kernel, o.stride, o.dilation, o.padding.mode, o.padding.top, o.padding.bottom);
    const WindowAxis w =
        window_axis(input[2], o.kernel_w, o.stride_w, o.dilation_w, o.padding.mode, o.padding.left, o.padding.right);
    require<ShapeError>(h.out > 0 && w.out > 0, "conv2d: a ", o.kernel, "x", o.kernel_w, " kernel with dilation ",
                        o.dilation, "x", o.dilation_w, " does not fit into the input ", input);
    return {.batch = input[0],
            .in_h = input[1],
            .in_w = input[2],
            .in_c = input[3],
            .out_h = h.out,
            .out_w = w.out,
            .out_c = filters_,
            .kernel_h = o.kernel,
            .kernel_w = o.kernel_w,
            .stride_h = o.stride,
            .stride_w = o.stride_w,
            .dilation_h = o.dilation,
            .dilation_w = o.dilation_w,
            .pad_top = h.before,
            .pad_left = w.before,
            .groups = o.groups};
  }

 private:
  Index filters_;
  ConvOptions options_;
};

AMDEFECT_COMPILED_CLASS(Conv2d)

}  // namespace amdefect
