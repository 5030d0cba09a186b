#pragma once

#include <cmath>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/column_sums.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Layer normalisation over the last dimension (Ba, Kiros, Hinton 2016; Keras' LayerNormalization):
/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta with the biased variance of each row.
///
/// Parameters: `gamma`, `beta` (features).
template <class T = float>
class LayerNorm : public Layer<T> {
 public:
  enum Slot : std::size_t { gamma, beta };

  /// Keras' default epsilon; PyTorch's is 1e-5.
  explicit LayerNorm(double epsilon = 1e-3) : epsilon_(epsilon) {}
  explicit LayerNorm(const JsonReader& attributes) : LayerNorm(attributes.get<double>("epsilon")) {}

  std::string kind() const override { return "layer_norm"; }
  JsonValue attributes() const override { return {{"epsilon", epsilon_}}; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 2 && input.back() > 0, "layer_norm: expected at least [batch, features], got ",
                        input);
    return input;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "gamma", .shape = {input.back()}, .initializer = Initializer::ones},
            {.name = "beta", .shape = {input.back()}}};
  }
  MemoryTraits traits() const override { return {.backward_in_place = true, .recompute = true}; }
  MemoryRequest memory(const Shape& input, const Execution&, bool training) const override {
    if (!training) return {};
    const Index rows = input.elements() / input.back();
    return {.state = 2 * static_cast<std::size_t>(rows) * sizeof(T),
            .backward_scratch = ColumnSums(rows, input.back(), 2).scratch_bytes()};
  }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Index features = x.shape().back(), rows = x.size() / features;
    parallel_for(threads_for(context.execution.threads, x.size()), rows, [&](Index begin, Index end, int) {
      for (Index row = begin; row < end; ++row) {
        const T* values = x.data() + row * features;
        const Moments m = moments(values, features);
        for (Index c = 0; c < features; ++c)
          y[row * features + c] =
              (values[c] - m.mean) * m.inverse_deviation * context.parameter(gamma)[c] + context.parameter(beta)[c];
        if (context.training) context.template state<Moments>()[row] = m;
      }
    });
  }

  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const Index features = x.shape().back(), rows = x.size() / features;
    const Moments* saved = context.template state<Moments>();
    add_parameter_gradients(context, x, dy);
    if (dx.empty()) return;
    const TensorView<const T> scale = context.parameter(gamma);
    parallel_for(threads_for(context.execution.threads, x.size()), rows, [&](Index begin, Index end, int) {
      for (Index row = begin; row < end; ++row) {
        const T* values = x.data() + row * features;
        const T* gradients = dy.data() + row * features;
        const Moments m = saved[row];
        double sum = 0, sum_normal = 0;
        for (Index c = 0; c < features; ++c) {
          const auto g = static_cast<double>(gradients[c] * scale[c]);
          sum += g;
          sum_normal += g * static_cast<double>((values[c] - m.mean) * m.inverse_deviation);
        }
        const T a = static_cast<T>(sum / static_cast<double>(features));
        const T b = static_cast<T>(sum_normal / static_cast<double>(features));
        for (Index c = 0; c < features; ++c) {
          const T normal = (values[c] - m.mean) * m.inverse_deviation;
          dx[row * features + c] = m.inverse_deviation * (gradients[c] * scale[c] - a - b * normal);
        }
      }
    });
  }

 private:
  struct Moments {
    T mean, inverse_deviation;
  };

  Moments moments(const T* values, Index features) const {
    double sum = 0, squares = 0;
    for (Index c = 0; c < features; ++c) sum += static_cast<double>(values[c]);
    const double mean = sum / static_cast<double>(features);
    for (Index c = 0; c < features; ++c) {
      const double centred = static_cast<double>(values[c]) - mean;
      squares += centred * centred;
    }
    return {static_cast<T>(mean), static_cast<T>(1 / std::sqrt(squares / static_cast<double>(features) + epsilon_))};
  }

  void add_parameter_gradients(Context<T>& context, TensorView<const T> x, TensorView<const T> dy) const {
    const Index features = x.shape().back();
    const Moments* saved = context.template state<Moments>();
    const double* sums = ColumnSums(x.size() / features, features, 2)
                             .compute(context.execution.threads, context.template scratch<std::byte>(),
                                      [=](Index begin, Index end, double* totals) {
                                        for (Index row = begin; row < end; ++row) {
                                          const Moments m = saved[row];
                                          for (Index c = 0; c < features; ++c) {
                                            const Index i = row * features + c;
                                            totals[c] +=
                                                static_cast<double>(dy[i] * ((x[i] - m.mean) * m.inverse_deviation));
                                            totals[features + c] += static_cast<double>(dy[i]);
                                          }
                                        }
                                      });
    const auto add = [&](TensorView<T> gradient, const double* totals) {
      for (Index c = 0; c < gradient.size(); ++c) gradient[c] += static_cast<T>(totals[c]);
    };
    add(context.gradient(gamma), sums);
    add(context.gradient(beta), sums + features);
  }

  double epsilon_;
};

AMDEFECT_COMPILED_CLASS(LayerNorm)

}  // namespace amdefect
