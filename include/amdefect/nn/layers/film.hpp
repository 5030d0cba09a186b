#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/column_sums.hpp"
#include "amdefect/nn/operation.hpp"

namespace amdefect {

/// Feature-wise linear modulation (Perez et al. 2018, arXiv:1709.07871): what is known of an image, e.g. of its sound,
/// scales and shifts the features of a network. y = x (1 + scale) + shift, for x [batch, ..., channels] and the
/// condition [batch, 2 channels], which holds a scale for each channel and then a shift for each; a condition of zeros
/// changes nothing, as its authors found best.
template <class T = float>
class Film : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  std::string kind() const override { return "film"; }
  Shape output_shape(Shapes inputs) const override {
    require<ShapeError>(inputs.size() == 2, "film: expected two inputs, got ", inputs.size());
    const Shape& x = inputs[0];
    require<ShapeError>(x.rank() >= 2, "film: expected at least [batch, channels], got ", x);
    const Shape condition{x[0], 2 * x.back()};
    require<ShapeError>(inputs[1] == condition, "film: expected a condition ", condition, ", got ", inputs[1]);
    return x;
  }
  MemoryRequest memory(Shapes inputs, const Execution&, bool training) const override {
    return {.backward_scratch = training ? Sizes(inputs[0]).sums().scratch_bytes() : 0};
  }
  MemoryTraits traits() const override { return {.recompute = true}; }
  void forward(Context<T>& context, Inputs x, TensorView<T> y) const override {
    modulate(context, x[0], x[1], y, true);
  }
  void backward(Context<T>& context, Inputs x, TensorView<const T>, TensorView<const T> dy,
                InputGradients dx) const override {
    if (!dx[0].empty()) modulate(context, dy, x[1], dx[0], false);
    if (!dx[1].empty()) condition_gradient(context, x[0], dy, dx[1]);
  }

 private:
  /// `positions` rows of `channels` numbers in each of the images.
  struct Sizes {
    Index images, positions, channels;

    explicit Sizes(const Shape& x)
        : images(x[0]), positions(images * x.back() > 0 ? x.elements() / (images * x.back()) : 0), channels(x.back()) {}
    ColumnSums sums() const { return {positions, channels, 2}; }
  };

  /// result = values (1 + scale), plus the shift if it is asked for.
  static void modulate(const Context<T>& context, TensorView<const T> values, TensorView<const T> condition,
                       TensorView<T> result, bool shifted) {
    const Sizes s(values.shape());
    const Index rows = s.images * s.positions;
    parallel_for(threads_for(context.execution.threads, result.size()), rows, [=](Index begin, Index end, int) {
      for (Index row = begin; row < end; ++row) {
        const T* in = values.data() + row * s.channels;
        const T *scale = condition.data() + row / s.positions * 2 * s.channels, *shift = scale + s.channels;
        T* out = result.data() + row * s.channels;
        for (Index c = 0; c < s.channels; ++c) out[c] = in[c] * (1 + scale[c]) + (shifted ? shift[c] : T{0});
      }
    });
  }
  static void condition_gradient(const Context<T>& context, TensorView<const T> x, TensorView<const T> dy,
                                 TensorView<T> gradient) {
    const Sizes s(x.shape());
    for (Index image = 0; image < s.images; ++image) {
      const Index first = image * s.positions * s.channels;
      const double* totals = s.sums().compute(
          context.execution.threads, context.template scratch<std::byte>(), [&](Index begin, Index end, double* total) {
            for (Index i = begin; i < end; ++i)
              for (Index c = 0; c < s.channels; ++c) {
                const Index at = first + i * s.channels + c;
                total[c] += static_cast<double>(x[at]) * static_cast<double>(dy[at]);
                total[s.channels + c] += static_cast<double>(dy[at]);
              }
          });
      for (Index i = 0; i < 2 * s.channels; ++i) gradient[image * 2 * s.channels + i] = static_cast<T>(totals[i]);
    }
  }
};

AMDEFECT_COMPILED_CLASS(Film)

}  // namespace amdefect
