#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// While training sets each element to 0 with probability `rate` and scales the others by 1 / (1 - rate); else passes x
/// through (Srivastava et al. 2014; Keras' Dropout). The mask is drawn again in backward instead of being stored.
template <class T = float>
class Dropout : public Layer<T> {
 public:
  /// @throws Error unless 0 <= rate < 1.
  explicit Dropout(double rate) : rate_(rate) {
    require(rate >= 0 && rate < 1, "dropout: the rate must be in [0, 1), got ", rate);
  }

  explicit Dropout(const JsonReader& attributes) : Dropout(attributes.get<double>("rate")) {}

  std::string kind() const override { return "dropout"; }
  JsonValue attributes() const override { return {{"rate", rate_}}; }
  Shape output_shape(const Shape& input) const override { return input; }
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
    constexpr Index block = 1024;  // each with its own stream, so that the mask does not depend on threads
    const T scale = static_cast<T>(1 / (1 - rate_));
    const Index size = from.size();
    parallel_for(threads_for(context.execution.threads, size), (size + block - 1) / block,
                 [&](Index begin, Index end, int) {
                   for (Index b = begin; b < end; ++b) {
                     Random random(context.random.state(), b);
                     for (Index i = b * block; i < std::min(size, (b + 1) * block); ++i)
                       to[i] = random.chance(rate_) ? T{0} : from[i] * scale;
                   }
                 });
  }

  double rate_;
};

AMDEFECT_COMPILED_CLASS(Dropout)

}  // namespace amdefect
