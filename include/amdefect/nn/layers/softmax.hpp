#pragma once

#include <cmath>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// exp(x) / sum of exp(x) over the last dimension; the largest value is subtracted first, so nothing overflows.
template <class T = float>
class Softmax : public Layer<T> {
 public:
  std::string kind() const override { return "softmax"; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 1 && input.back() > 0, "softmax: the last dimension must not be empty, got ",
                        input);
    return input;
  }
  MemoryTraits traits() const override {
    return {.forward_in_place = true, .backward_in_place = true, .needs_input = false, .needs_output = true};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    for_each_row(context, x.shape(), [&](Index offset, Index classes) {
      const ConstArrayMap<T> in(x.data() + offset, classes);
      ArrayMap<T> out(y.data() + offset, classes);
      out = (in - in.maxCoeff()).exp();
      out /= out.sum();
    });
  }
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T> y, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    for_each_row(context, y.shape(), [&](Index offset, Index classes) {
      const ConstArrayMap<T> out(y.data() + offset, classes), dout(dy.data() + offset, classes);
      ArrayMap<T>(dx.data() + offset, classes) = out * (dout - (out * dout).sum());
    });
  }

 private:
  template <class Body>
  static void for_each_row(const Context<T>& context, const Shape& shape, const Body& body) {
    const Index classes = shape.back();
    parallel_for(threads_for(context.execution.threads, shape.elements()), shape.elements() / classes,
                 [&](Index begin, Index end, int) {
                   for (Index row = begin; row < end; ++row) body(row * classes, classes);
                 });
  }
};

AMDEFECT_COMPILED_CLASS(Softmax)

}  // namespace amdefect
