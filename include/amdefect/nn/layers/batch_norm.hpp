#pragma once

#include "amdefect/kernels/batch_norm.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Hyper-parameters of batch normalisation, with Keras' defaults.
struct BatchNormOptions {
  double momentum = 0.99;  ///< moving = momentum moving + (1 - momentum) batch
  double epsilon = 1e-3;
  bool moving_statistics = false;  ///< normalise with the moving statistics in training too, and leave them as they are
};

/// Batch normalisation over all dimensions but the last (Ioffe and Szegedy 2015; Keras' BatchNormalization):
/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the biased variance of the batch, also for the moving
/// one.
///
/// Parameters: `gamma`, `beta`; statistics: `moving_mean`, `moving_variance`.
template <class T>
class BatchNorm : public Layer<T> {
 public:
  enum Slot : std::size_t { gamma, beta, moving_mean, moving_variance };

  explicit BatchNorm(const BatchNormOptions& options = {}) : options_(options) {}
  const BatchNormOptions& options() const { return options_; }

  std::string kind() const override { return "batch_norm"; }
  Shape infer_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 2, "batch_norm: expected at least [batch, channels], got ", input);
    return input;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    const Shape channels{input.back()};
    return {{.name = "gamma", .shape = channels, .initializer = Initializer::ones},
            {.name = "beta", .shape = channels},
            {.name = "moving_mean", .shape = channels, .statistic = true},
            {.name = "moving_variance", .shape = channels, .initializer = Initializer::ones, .statistic = true}};
  }
  MemoryTraits traits() const override { return {.backward_in_place = true}; }
  Booking book(const Shape& input, const Execution&, bool training) const override {
    const NormGeometry g = geometry(input);
    const std::size_t small = small_rows * static_cast<std::size_t>(g.channels) * sizeof(double);
    if (!training) return {.forward_scratch = small};
    const std::size_t all = small + batch_norm_scratch<T>(g);
    return {
        .state = 2 * static_cast<std::size_t>(g.channels) * sizeof(T), .forward_scratch = all, .backward_scratch = all};
  }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const NormGeometry g = geometry(x.shape());
    auto* mean = context.template scratch<double>();
    double* variance = mean + g.channels;
    auto* scale = reinterpret_cast<T*>(variance + g.channels);
    if (uses_batch(context)) {
      batch_moments(context.execution.threads, g, x.data(), mean, variance, sums_memory(context, g));
      update(context, moving_mean, mean);
      update(context, moving_variance, variance);
    } else {
      std::copy_n(context.parameter(moving_mean).data(), g.channels, mean);
      std::copy_n(context.parameter(moving_variance).data(), g.channels, variance);
    }
    T* centre = context.training ? context.template state<T>() : scale + g.channels;  // backward reads the state
    T* inverse_deviation = centre + g.channels;
    for (Index c = 0; c < g.channels; ++c) {
      centre[c] = static_cast<T>(mean[c]);
      inverse_deviation[c] = static_cast<T>(1 / std::sqrt(variance[c] + options_.epsilon));
      scale[c] = inverse_deviation[c] * context.parameter(gamma)[c];
    }
    batch_norm_apply(context.execution.threads, g, x.data(), centre, scale, context.parameter(beta).data(), y.data());
  }

  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const NormGeometry g = geometry(x.shape());
    const int threads = context.execution.threads;
    const T* mean = context.template state<T>();
    const T* inverse_deviation = mean + g.channels;
    auto* scale = context.template scratch<T>();
    T* a = scale + g.channels;
    T* b = a + g.channels;
    const double* sums =
        batch_norm_gradient_sums(threads, g, x.data(), dy.data(), mean, inverse_deviation, sums_memory(context, g));
    add_gradient(context.gradient(beta), sums);
    add_gradient(context.gradient(gamma), sums + g.channels);
    if (dx.empty()) return;
    const double weight = uses_batch(context) ? 1 / static_cast<double>(g.rows) : 0;  // constants pass no gradient
    for (Index c = 0; c < g.channels; ++c) {
      scale[c] = context.parameter(gamma)[c] * inverse_deviation[c];
      a[c] = static_cast<T>(sums[c] * weight);
      b[c] = static_cast<T>(sums[g.channels + c] * weight) * inverse_deviation[c];
    }
    batch_norm_input_gradient(threads, g, x.data(), dy.data(), mean, scale, a, b, dx.data());
  }

 private:
  /// Scratch begins with room for this many doubles per channel, before the memory of the sums.
  static constexpr std::size_t small_rows = 5;

  static std::byte* sums_memory(const Context<T>& context, const NormGeometry& g) {
    return context.template scratch<std::byte>() + small_rows * static_cast<std::size_t>(g.channels) * sizeof(double);
  }
  static NormGeometry geometry(const Shape& shape) {
    return {shape.back() ? shape.elements() / shape.back() : 0, shape.back()};
  }
  bool uses_batch(const Context<T>& context) const { return context.training && !options_.moving_statistics; }
  void update(Context<T>& context, Slot slot, const double* batch) const {
    const TensorView<T> moving = context.statistic(slot);
    for (Index c = 0; c < moving.size(); ++c)
      moving[c] =
          static_cast<T>(static_cast<double>(moving[c]) * options_.momentum + batch[c] * (1 - options_.momentum));
  }
  static void add_gradient(TensorView<T> gradient, const double* sums) {
    for (Index c = 0; c < gradient.size(); ++c) gradient[c] += static_cast<T>(sums[c]);
  }

  BatchNormOptions options_;
};

}  // namespace amdefect
