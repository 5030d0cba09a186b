#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/layer.hpp"

/// What a transformer adds to its sequence of tokens (Dosovitskiy et al. 2021, arXiv:2010.11929).
namespace amdefect {

/// Puts one learned token before those of every sample: [batch, tokens, channels] -> [batch, tokens + 1, channels].
///
/// Parameter: `token` (1, 1, channels).
template <class T = float>
class ClassToken : public Layer<T> {
 public:
  std::string kind() const override { return "class_token"; }
  Shape output_shape(const Shape& input) const override {
    require_rank("class_token", "[batch, tokens, channels]", 3, input);
    return {input[0], input[1] + 1, input[2]};
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "token", .shape = {1, 1, input[2]}}};
  }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Index channels = y.dim(2), size = x.dim(1) * channels;
    for (Index sample = 0; sample < y.dim(0); ++sample) {
      T* to = std::copy_n(context.parameter(0).data(), channels, y.data() + sample * (size + channels));
      std::copy_n(x.data() + sample * size, size, to);
    }
  }
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const Index channels = dy.dim(2), size = (dy.dim(1) - 1) * channels;
    const TensorView<T> gradient = context.gradient(0);
    for (Index sample = 0; sample < dy.dim(0); ++sample) {
      const T* from = dy.data() + sample * (size + channels);
      for (Index c = 0; c < gradient.size(); ++c) gradient[c] += from[c];
      if (!dx.empty()) std::copy_n(from + channels, size, dx.data() + sample * size);
    }
  }
};

/// Adds a learned vector to every token, the same in all samples; the number of tokens is that of the first input the
/// network was built for.
///
/// Parameter: `positions` (1, tokens, channels).
template <class T = float>
class LearnedPositions : public Layer<T> {
 public:
  std::string kind() const override { return "learned_positions"; }
  Shape output_shape(const Shape& input) const override {
    require_rank("learned_positions", "[batch, tokens, channels]", 3, input);
    return input;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "positions", .shape = {1, input[1], input[2]}, .initializer = Initializer::small_normal}};
  }
  MemoryTraits traits() const override {
    return {.forward_in_place = true, .backward_in_place = true, .needs_input = false};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const TensorView<const T> positions = context.parameter(0);
    require<ShapeError>(positions.dim(1) == x.dim(1), "learned_positions: there are positions for ", positions.dim(1),
                        " tokens, got the input ", x.shape());
    for (Index i = 0; i < x.size(); ++i) y[i] = x[i] + positions[i % positions.size()];
  }
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const TensorView<T> gradient = context.gradient(0);
    if (!gradient.empty())
      for (Index i = 0; i < dy.size(); ++i) gradient[i % gradient.size()] += dy[i];
    if (!dx.empty() && dx.data() != dy.data()) copy(dy, dx);
  }
};

AMDEFECT_COMPILED_CLASS(ClassToken)
AMDEFECT_COMPILED_CLASS(LearnedPositions)

}  // namespace amdefect
