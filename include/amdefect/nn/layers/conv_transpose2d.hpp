#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/nn/conv_options.hpp"
#include "amdefect/nn/convolution.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Transposed 2-D convolution on NHWC (PyTorch's ConvTranspose2d, Keras' Conv2DTranspose): what a Conv2d of the same
/// options does to gradients on their way back, so that each input pixel adds kernel[u,v,o,c] x[n,i,j,c] to
/// y[n, i s + u d - top, j s + v d - left, o], and then bias[o]. [batch, height, width, channels] -> [batch, height',
/// width', filters], where for each axis
/// - padding in pixels or `valid`: out = (in - 1) stride - before - after + (kernel - 1) dilation + 1 + output_padding,
///   PyTorch's rule (which differs from TensorFlow's `valid` for strides larger than the kernel);
/// - padding `same`: out = in stride, TensorFlow's rule.
///
/// Parameters: `kernel` (kernel_h, kernel_w, filters / groups, in), `bias` (filters).
template <class T = float>
class ConvTranspose2d : public Layer<T> {
 public:
  static constexpr std::size_t kernel_slot = 0, bias_slot = 1;

  /// `output_padding` adds rows at the bottom and columns at the right, where several sizes of output belong to one of
  /// the input. @throws Error for sizes that are not positive, groups that do not divide the filters, and output
  /// padding that is not less than stride or dilation, or with padding `same`.
  explicit ConvTranspose2d(Index filters, const ConvOptions& options = {}, Index output_padding_h = 0,
                           Index output_padding_w = 0)
      : filters_(filters),
        options_(detail::complete(options, "conv_transpose2d", filters)),
        output_padding_h_(output_padding_h),
        output_padding_w_(output_padding_w) {
    const ConvOptions& o = options_;
    require(0 <= output_padding_h && output_padding_h < std::max(o.stride, o.dilation) && 0 <= output_padding_w &&
                output_padding_w < std::max(o.stride_w, o.dilation_w),
            "conv_transpose2d: the output padding ", output_padding_h, 'x', output_padding_w,
            " must be less than stride or dilation");
    require(o.padding.mode != PaddingMode::same || (output_padding_h == 0 && output_padding_w == 0),
            "conv_transpose2d: output padding goes with padding in pixels, not with 'same'");
  }
  explicit ConvTranspose2d(const JsonReader& attributes)
      : ConvTranspose2d(attributes, detail::read_height_width(attributes, "output_padding", 0)) {}

  std::string kind() const override { return "conv_transpose2d"; }
  JsonValue attributes() const override {
    JsonValue attributes = detail::json_of(options_, filters_);
    attributes.set("output_padding", JsonValue::array({output_padding_h_, output_padding_w_}));
    return attributes;
  }
  Shape output_shape(const Shape& input) const override {
    const ConvGeometry g = geometry(input);
    return {g.batch, g.in_h, g.in_w, g.in_c};
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    const ConvGeometry g = geometry(input);
    std::vector<ParameterSpec> specs{{.name = "kernel",
                                      .shape = {g.kernel_h, g.kernel_w, g.group_in(), g.out_c},
                                      .initializer = options_.initializer,
                                      .weight_decay = true}};
    if (options_.bias) specs.push_back({.name = "bias", .shape = {filters_}});
    return specs;
  }
  MemoryRequest memory(const Shape& input, const Execution& execution, bool training) const override {
    const ConvGeometry g = geometry(input);
    MemoryRequest request{.forward_scratch = detail::bytes_of<T>(conv2d_backward_input_scratch<T>(execution, g))};
    if (training)
      request.backward_scratch = detail::bytes_of<T>(
          std::max(conv2d_forward_scratch<T>(execution, g), conv2d_backward_kernel_scratch<T>(execution, g)));
    return request;
  }
  Index macs(const Shape& input) const override { return geometry(input).macs(); }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Execution& execution = context.execution;
    conv2d_backward_input(execution, geometry(x.shape()), x.data(), context.parameter(kernel_slot).data(), y.data(),
                          context.template scratch<T>());
    if (!options_.bias) return;
    const T* bias = context.parameter(bias_slot).data();
    parallel_for(threads_for(execution.threads, y.size()), y.size() / filters_, [=, this](Index begin, Index end, int) {
      for (T* pixel = y.data() + begin * filters_; begin < end; ++begin, pixel += filters_)
        for (Index c = 0; c < filters_; ++c) pixel[c] += bias[c];
    });
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const Execution& execution = context.execution;
    const ConvGeometry g = geometry(x.shape());
    T* scratch = context.template scratch<T>();
    const TensorView<T> dkernel = context.gradient(kernel_slot);
    const TensorView<T> dbias = options_.bias ? context.gradient(bias_slot) : TensorView<T>{};
    if (!dbias.empty()) add_pixel_sums(execution.threads, dy.size() / filters_, filters_, dy.data(), dbias.data());
    if (!dkernel.empty()) conv2d_backward_kernel(execution, g, dy.data(), x.data(), dkernel.data(), scratch);
    const T* kernel = context.parameter(kernel_slot).data();
    if (!dx.empty()) conv2d_forward(execution, g, dy.data(), kernel, ConvEpilogue<T>{}, dx.data(), scratch);
  }

 private:
  ConvTranspose2d(const JsonReader& attributes, std::pair<Index, Index> output_padding)
      : ConvTranspose2d(detail::read_size(attributes, "filters"), detail::read_conv_options(attributes),
                        output_padding.first, output_padding.second) {}

  /// The sizes of the convolution that leads from an output of this layer to the input [batch, height, width,
  /// channels]. @throws ShapeError if it cannot be.
  ConvGeometry geometry(const Shape& input) const {
    require_rank("conv_transpose2d", "[batch, height, width, channels]", 4, input);
    const ConvOptions& o = options_;
    require<ShapeError>(input[3] > 0 && input[3] % o.groups == 0, "conv_transpose2d: ", input[3],
                        " input channels do not divide into ", o.groups, " groups, input ", input);
    const auto [out_h, top] =
        axis(input[1], o.kernel, o.stride, o.dilation, {o.padding.top, o.padding.bottom}, output_padding_h_);
    const auto [out_w, left] =
        axis(input[2], o.kernel_w, o.stride_w, o.dilation_w, {o.padding.left, o.padding.right}, output_padding_w_);
    require<ShapeError>(out_h > 0 && out_w > 0, "conv_transpose2d: nothing is left of the input ", input,
                        " within the padding");
    return {.batch = input[0],
            .in_h = out_h,
            .in_w = out_w,
            .in_c = filters_,
            .out_h = input[1],
            .out_w = input[2],
            .out_c = input[3],
            .kernel_h = o.kernel,
            .kernel_w = o.kernel_w,
            .stride_h = o.stride,
            .stride_w = o.stride_w,
            .dilation_h = o.dilation,
            .dilation_w = o.dilation_w,
            .pad_top = top,
            .pad_left = left,
            .groups = o.groups};
  }

  /// The size of the output along one axis, and the padding before it.
  std::pair<Index, Index> axis(Index in, Index kernel, Index stride, Index dilation, std::pair<Index, Index> padding,
                               Index output_padding) const {
    if (options_.padding.mode == PaddingMode::same)
      return {in * stride, window_axis(in * stride, kernel, stride, dilation, PaddingMode::same, 0, 0).before};
    const auto [before, after] = padding;
    return {(in - 1) * stride - before - after + (kernel - 1) * dilation + 1 + output_padding, before};
  }

  Index filters_;
  ConvOptions options_;
  Index output_padding_h_, output_padding_w_;
};

AMDEFECT_COMPILED_CLASS(ConvTranspose2d)

}  // namespace amdefect
