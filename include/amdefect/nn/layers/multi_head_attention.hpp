#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/attention.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/convolution.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Self-attention of several heads over any number of tokens, [batch, tokens, channels], or over all places of
/// [batch, height, width, channels], as PyTorch's MultiheadAttention (Vaswani et al. 2017, arXiv:1706.03762): queries,
/// keys and values are projections of the input, each query gets the mean of the values weighted by softmax(query key /
/// sqrt(head size)), and the heads' results, side by side, are projected again. Memory grows with the number of tokens,
/// not with its square.
///
/// Parameters: `in_kernel` (channels, 3 channels), whose columns make the queries, keys and values of all heads,
/// `in_bias`, `out_kernel` (channels, channels), `out_bias`.
template <class T = float>
class MultiHeadAttention : public Layer<T> {
 public:
  enum Slot : std::size_t { in_kernel, in_bias, out_kernel, out_bias };

  /// `dropout` is the probability with which a weight of the mean is left out while training.
  /// @throws Error unless heads > 0 and 0 <= dropout < 1.
  explicit MultiHeadAttention(Index heads, double dropout = 0) : heads_(heads), dropout_(dropout) {
    require(heads > 0, "multi_head_attention: the number of heads must be positive, got ", heads);
    require(dropout >= 0 && dropout < 1, "multi_head_attention: the dropout must be in [0, 1), got ", dropout);
  }
  explicit MultiHeadAttention(const JsonReader& attributes)
      : MultiHeadAttention(detail::read_size(attributes, "heads"), attributes.get<double>("dropout")) {}

  std::string kind() const override { return "multi_head_attention"; }
  JsonValue attributes() const override { return {{"heads", heads_}, {"dropout", dropout_}}; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(
        input.rank() == 3 || input.rank() == 4,
        "multi_head_attention: expected [batch, tokens, channels] or [batch, height, width, channels], got ", input);
    require<ShapeError>(input.back() > 0 && input.back() % heads_ == 0,
                        "multi_head_attention: the channels of the input ", input, " do not divide into ", heads_,
                        " heads");
    return input;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    const Index c = input.back();
    constexpr Initializer glorot = Initializer::glorot_uniform;
    return {{.name = "in_kernel", .shape = {c, 3 * c}, .initializer = glorot, .weight_decay = true},
            {.name = "in_bias", .shape = {3 * c}},
            {.name = "out_kernel", .shape = {c, c}, .initializer = glorot, .weight_decay = true},
            {.name = "out_bias", .shape = {c}}};
  }
  MemoryRequest memory(const Shape& input, const Execution& execution, bool training) const override {
    const Sizes s(*this, input);
    const MemoryRequest in = detail::convolution_memory<T>(execution, s.in, training);
    const MemoryRequest out = detail::convolution_memory<T>(execution, s.out, training);
    const auto attention = [&](bool backward) {
      return detail::bytes_of<T>(attention_scratch<T>(execution, s.attention, backward));
    };
    const std::size_t forward = std::max({in.forward_scratch, out.forward_scratch, attention(false)});
    if (!training) return {.forward_scratch = s.kept() + forward};
    return {.state = s.kept(),
            .forward_scratch = forward,
            .backward_scratch = s.kept() + std::max({in.backward_scratch, out.backward_scratch, attention(true)})};
  }
  /// The kernels of both projections, one behind the other.
  PreparedRequest prepared(const Shape& input, const Execution& execution) const override {
    const Sizes s(*this, input);
    const PreparedRequest in = detail::convolution_prepared<T>(execution, s.in);
    const PreparedRequest out = detail::convolution_prepared<T>(execution, s.out);
    if (in.bytes == 0 || out.bytes == 0) return {};
    const std::size_t attention = detail::bytes_of<T>(attention_scratch<T>(execution, s.attention, false));
    return {.bytes = aligned_size(in.bytes) + out.bytes,
            .forward_scratch = s.kept() + std::max({in.forward_scratch, out.forward_scratch, attention}),
            .form = in.form * forms + out.form};
  }
  void prepare(Context<T>& context, const Shape& input, std::byte* to) const override {
    const Sizes s(*this, input);
    const auto write = [&](const ConvGeometry& g, Slot kernel, std::byte* at) {
      conv2d_prepare(context.execution, g, context.parameter(kernel).data(), reinterpret_cast<T*>(at));
    };
    write(s.in, in_kernel, to);
    write(s.out, out_kernel, to + aligned_size(detail::convolution_prepared<T>(context.execution, s.in).bytes));
  }
  Index macs(const Shape& input) const override {
    const Sizes s(*this, input);
    return s.in.macs() + s.out.macs() + 2 * s.rows * s.attention.tokens * s.channels;
  }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Sizes s(*this, x.shape());
    T* qkv = context.training ? context.template state<T>() : context.template scratch<T>();
    T* heads = qkv + s.rows * 3 * s.channels;
    T* scratch = context.training ? context.template scratch<T>() : behind(qkv, s);
    const std::byte* prepared = context.prepared_memory;
    project(context, s.in, x.data(), in_kernel, prepared, qkv, scratch);
    attention_forward(context.execution, with_dropout(context, s), qkv, heads, scratch);
    if (prepared) prepared += aligned_size(detail::convolution_prepared<T>(context.execution, s.in).bytes);
    project(context, s.out, heads, out_kernel, prepared, y.data(), scratch);
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const Sizes s(*this, x.shape());
    const T* qkv = context.template state<T>();
    const T* heads = qkv + s.rows * 3 * s.channels;
    T* dqkv = context.template scratch<T>();
    T* dheads = dqkv + s.rows * 3 * s.channels;
    T* scratch = behind(dqkv, s);
    project_back(context, s.out, heads, dy.data(), out_kernel, dheads, scratch);
    attention_backward(context.execution, with_dropout(context, s), qkv, dheads, dqkv, scratch);
    project_back(context, s.in, x.data(), dqkv, in_kernel, dx.data(), scratch);
  }

 private:
  /// The projections as 1x1 convolutions whose pixels are the tokens, and the attention between them.
  struct Sizes {
    Index rows, channels;
    ConvGeometry in, out;
    AttentionGeometry attention;

    Sizes(const MultiHeadAttention& layer, const Shape& x)
        : rows(x.elements() / x.back()),
          channels(x.back()),
          in{.in_h = rows, .in_c = channels, .out_h = rows, .out_c = 3 * channels},
          out{.in_h = rows, .in_c = channels, .out_h = rows, .out_c = channels},
          attention{.batch = x[0],
                    .tokens = x.sample().elements() / channels,
                    .heads = layer.heads_,
                    .head_size = channels / layer.heads_} {}

    /// Bytes for the queries, keys and values and, behind them, the heads' results.
    std::size_t kept() const { return aligned_size(detail::bytes_of<T>(rows * 4 * channels)); }
  };

  static constexpr int forms = 16;  ///< more than there are algorithms

  static T* behind(T* qkv, const Sizes& s) {
    return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(qkv) + s.kept());
  }

  AttentionGeometry with_dropout(const Context<T>& context, const Sizes& s) const {
    AttentionGeometry g = s.attention;
    if (!context.training) return g;
    g.dropout = dropout_;
    g.dropout_state = context.random.state();
    return g;
  }
  /// to = from kernel + bias; the bias is in the slot behind the kernel's.
  static void project(const Context<T>& context, const ConvGeometry& g, const T* from, Slot kernel,
                      const std::byte* prepared, T* to, T* scratch) {
    detail::convolve<T>(context.execution, g, from, context.parameter(kernel).data(),
                        reinterpret_cast<const T*>(prepared), {.bias = context.parameter(kernel + 1).data()}, to,
                        scratch);
  }
  static void project_back(const Context<T>& context, const ConvGeometry& g, const T* from, const T* dto, Slot kernel,
                           T* dfrom, T* scratch) {
    detail::convolve_backward(context.execution, g, from, context.parameter(kernel).data(), dto,
                              context.gradient(kernel), context.gradient(kernel + 1), dfrom, scratch);
  }

  Index heads_;
  double dropout_;
};

AMDEFECT_COMPILED_CLASS(MultiHeadAttention)

}  // namespace amdefect
