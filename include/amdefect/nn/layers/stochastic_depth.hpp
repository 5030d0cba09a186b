#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// While training sets whole samples of the batch to 0, each with probability `rate`, and scales the others by 1 / (1 -
/// rate); else passes x through (Huang et al. 2016, arXiv:1603.09382). At the end of a residual branch it leaves the
/// shortcut alone.
template <class T = float>
class StochasticDepth : public Layer<T> {
 public:
  /// @throws Error unless 0 <= rate < 1.
  explicit StochasticDepth(double rate) : rate_(rate) {
    require(rate >= 0 && rate < 1, "stochastic_depth: the rate must be in [0, 1), got ", rate);
  }
  explicit StochasticDepth(const JsonReader& attributes) : StochasticDepth(attributes.get<double>("rate")) {}

  std::string kind() const override { return "stochastic_depth"; }
  JsonValue attributes() const override { return {{"rate", rate_}}; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 1, "stochastic_depth: expected a batch, got a scalar");
    return input;
  }
  MemoryTraits traits() const override {
    return {.forward_in_place = true, .backward_in_place = true, .needs_input = false, .recompute = true};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override { mask(context, x, y); }
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (!dx.empty()) mask(context, dy, dx);
  }

 private:
  void mask(const Context<T>& context, TensorView<const T> from, TensorView<T> to) const {
    if (!context.training || rate_ == 0) {
      if (from.data() != to.data()) copy(from, to);
      return;
    }
    const T scale = static_cast<T>(1 / (1 - rate_));
    const Index samples = from.dim(0), size = samples ? from.size() / samples : 0;
    for (Index sample = 0; sample < samples; ++sample) {
      const bool kept = !Random(context.random.state(), static_cast<std::uint64_t>(sample)).chance(rate_);
      for (Index i = sample * size; i < (sample + 1) * size; ++i) to[i] = kept ? from[i] * scale : T{0};
    }
  }

  double rate_;
};

AMDEFECT_COMPILED_CLASS(StochasticDepth)

}  // namespace amdefect
