#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/column_sums.hpp"
#include "amdefect/kernels/pixel_sums.hpp"
#include "amdefect/nn/operation.hpp"

namespace amdefect {

/// Product of two inputs, element by element: y = x factor. The factor has the shape of x, or is [batch, channels], one
/// number for each image and channel, as squeeze-and-excitation wants it (Hu et al. 2018, arXiv:1709.01507).
template <class T = float>
class Multiply : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  std::string kind() const override { return "multiply"; }
  Shape output_shape(Shapes inputs) const override {
    require<ShapeError>(inputs.size() == 2, "multiply: expected two inputs, got ", inputs.size());
    const Shape& x = inputs[0];
    require<ShapeError>(x.rank() >= 2, "multiply: expected at least [batch, channels], got ", x);
    const Shape per_channel{x[0], x.back()};
    require<ShapeError>(inputs[1] == x || inputs[1] == per_channel, "multiply: expected a second input ", x, " or ",
                        per_channel, ", got ", inputs[1]);
    return x;
  }
  MemoryRequest memory(Shapes inputs, const Execution&, bool training) const override {
    const Sizes s = sizes(inputs[0], inputs[1]);
    return {.backward_scratch = training ? sums(s).scratch_bytes() : 0};
  }
  MemoryTraits traits() const override { return {.recompute = true}; }
  void forward(Context<T>& context, Inputs x, TensorView<T> y) const override {
    scale(context, sizes(x[0].shape(), x[1].shape()), x[0], x[1], y);
  }
  void backward(Context<T>& context, Inputs x, TensorView<const T>, TensorView<const T> dy,
                InputGradients dx) const override {
    const Sizes s = sizes(x[0].shape(), x[1].shape());
    if (!dx[0].empty()) scale(context, s, dy, x[1], dx[0]);
    if (!dx[1].empty()) factor_gradient(context, s, x[0], dy, dx[1]);
  }

 private:
  /// `positions` rows of `channels` numbers for each of the factor's `rows`.
  struct Sizes {
    Index rows, positions, channels;
  };

  static Sizes sizes(const Shape& x, const Shape& factor) {
    const Index rows = factor.back() ? factor.elements() / factor.back() : 0;
    return {rows, rows ? x.elements() / factor.elements() : 0, x.back()};
  }
  static ColumnSums sums(const Sizes& s) { return {s.positions, s.channels, 1}; }

  /// result = values, times the factor.
  static void scale(const Context<T>& context, const Sizes& s, TensorView<const T> values, TensorView<const T> factor,
                    TensorView<T> result) {
    const int threads = context.execution.threads;
    if (s.positions == 1)
      return parallel_for(threads_for(threads, result.size()), result.size(), [=](Index begin, Index end, int) {
        multiply_pixels(1, Index{1}, end - begin, values.data() + begin, factor.data() + begin, result.data() + begin);
      });
    for (Index row = 0; row < s.rows; ++row) {
      const Index at = row * s.positions * s.channels;
      multiply_pixels(threads, s.positions, s.channels, values.data() + at, factor.data() + row * s.channels,
                      result.data() + at);
    }
  }
  static void factor_gradient(const Context<T>& context, const Sizes& s, TensorView<const T> x, TensorView<const T> dy,
                              TensorView<T> gradient) {
    if (s.positions == 1) return scale(context, s, x, dy, gradient);
    for (Index row = 0; row < s.rows; ++row) {
      const Index first = row * s.positions * s.channels;
      const double* totals = sums(s).compute(context.execution.threads, context.template scratch<std::byte>(),
                                             [&](Index begin, Index end, double* total) {
                                               for (Index i = begin; i < end; ++i)
                                                 for (Index c = 0; c < s.channels; ++c) {
                                                   const Index at = first + i * s.channels + c;
                                                   total[c] += static_cast<double>(x[at]) * static_cast<double>(dy[at]);
                                                 }
                                             });
      for (Index c = 0; c < s.channels; ++c) gradient[row * s.channels + c] = static_cast<T>(totals[c]);
    }
  }
};

AMDEFECT_COMPILED_CLASS(Multiply)

}  // namespace amdefect
