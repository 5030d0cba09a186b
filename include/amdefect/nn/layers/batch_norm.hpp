#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/batch_norm.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"
#include "amdefect/nn/layers/norm_scratch.hpp"
#include "amdefect/nn/layers/shared_moments.hpp"

namespace amdefect {

/// Hyper-parameters of batch normalisation, with Keras' defaults.
struct BatchNormOptions {
  double momentum = 0.99;  ///< moving = momentum moving + (1 - momentum) batch
  double epsilon = 1e-3;
  bool moving_statistics = false;  ///< normalise with the moving statistics in training too, and leave them as they are
  bool unbiased = false;           ///< the moving variance from the batch's times n / (n - 1), as PyTorch computes it
};

/// Batch normalisation over all dimensions but the last (Ioffe and Szegedy 2015; Keras' BatchNormalization):
/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the biased variance of the batch, also for the moving
/// one unless `unbiased` asks for PyTorch's rule. Mean and variance are the moving ones in inference, and in training
/// while they are frozen
/// (`Parameters::set_trainable`). The batch is that of all processes where the context has a group of them.
///
/// Parameters: `gamma`, `beta`; statistics: `moving_mean`, `moving_variance`.
template <class T = float>
class BatchNorm : public Layer<T> {
 public:
  enum Slot : std::size_t { gamma, beta, moving_mean, moving_variance };

  explicit BatchNorm(const BatchNormOptions& options = {}) : options_(options) {}
  explicit BatchNorm(const JsonReader& attributes)
      : BatchNorm({.momentum = attributes.get<double>("momentum"),
                   .epsilon = attributes.get<double>("epsilon"),
                   .moving_statistics = attributes.get<bool>("moving_statistics"),
                   .unbiased = attributes.get("unbiased", false)}) {}
  const BatchNormOptions& options() const { return options_; }

  std::string kind() const override { return "batch_norm"; }
  JsonValue attributes() const override {
    JsonValue attributes{{"momentum", options_.momentum},
                         {"epsilon", options_.epsilon},
                         {"moving_statistics", options_.moving_statistics}};
    if (options_.unbiased) attributes.set("unbiased", true);  // so that older programs read the files of all others
    return attributes;
  }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 2, "batch_norm: expected at least [batch, channels], got ", input);
    return input;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    const Shape channels{input.back()};
    return {{.name = "gamma", .shape = channels, .initializer = Initializer::ones},
            {.name = "beta", .shape = channels},
            {.name = "moving_mean", .shape = channels, .statistic = true},
            {.name = "moving_variance",
             .shape = channels,
             .initializer = Initializer::ones,
             .statistic = true,
             .variance = true}};
  }
  MemoryTraits traits() const override { return {.backward_in_place = true, .recompute = true}; }
  MemoryRequest memory(const Shape& input, const Execution&, bool training) const override {
    const NormGeometry g = geometry(input);
    const std::size_t scratch = detail::NormScratch<T>::bytes(g);
    if (!training) return {.forward_scratch = scratch};
    const std::size_t moments = 2 * static_cast<std::size_t>(g.channels) + 1;  // and the rows that they are of
    return {.state = moments * sizeof(double), .forward_scratch = scratch, .backward_scratch = scratch};
  }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    forward_residual(context, x, {}, y);
  }
  void recompute(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    recompute_residual(context, x, {}, y);
  }

  /// The same with the sum with `residual` and a ReLU behind it in the same pass, unless it is empty.
  void forward_residual(Context<T>& context, TensorView<const T> x, TensorView<const T> residual,
                        TensorView<T> y) const {
    const NormGeometry g = geometry(x.shape());
    const detail::NormScratch<T> scratch(context, g);
    const int threads = context.execution.threads;
    // Backward reads mean and variance from the state; without training they go to the scratch memory.
    double* mean = context.training ? context.template state<double>() : scratch.row(0);
    double* variance = mean + g.channels;
    if (uses_batch(context)) {
      batch_moments(threads, g, x.data(), mean, variance, scratch.sums());
      double& rows = variance[g.channels];
      rows = static_cast<double>(g.rows);
      if (context.group) detail::share_moments(*context.group, context.parameter(moving_mean), mean);
      update(context, moving_mean, mean, 1);
      update(context, moving_variance, variance, options_.unbiased && rows > 1 ? rows / (rows - 1) : 1);
    } else {
      std::copy_n(context.parameter(moving_mean).data(), g.channels, mean);
      std::copy_n(context.parameter(moving_variance).data(), g.channels, variance);
    }
    apply(threads, g, x, channels(context, scratch, mean, variance), residual, y);
  }
  void recompute_residual(Context<T>& context, TensorView<const T> x, TensorView<const T> residual,
                          TensorView<T> y) const {
    const NormGeometry g = geometry(x.shape());
    const double* mean = context.template state<double>();
    const detail::NormScratch<T> scratch(context, g);
    apply(context.execution.threads, g, x, channels(context, scratch, mean, mean + g.channels), residual, y);
  }

  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const NormGeometry g = geometry(x.shape());
    const int threads = context.execution.threads;
    const double* mean = context.template state<double>();
    const double* variance = mean + g.channels;
    const detail::NormScratch<T> scratch(context, g);
    double *scale = scratch.row(0), *a = scratch.row(1), *b = scratch.row(2);
    for (Index c = 0; c < g.channels; ++c)
      scale[c] = static_cast<double>(context.parameter(gamma)[c]) * inverse_deviation(variance[c]);
    NormGradient<T> norm{channels(context, scratch, mean, variance), mean, scale};
    if (activation_ == Activation::silu && !dx.empty()) {  // its slope is worth computing once for both passes
      batch_norm_activation_gradient(threads, g, x.data(), dy.data(), norm.forward, dx.data());
      norm.forward.activation = Activation::none;
      dy = dx;
    }
    const double* sums = batch_norm_gradient_sums(threads, g, x.data(), dy.data(), norm, scratch.sums());
    const TensorView<T> dgamma = context.gradient(gamma), dbeta = context.gradient(beta);
    std::copy_n(sums, 2 * g.channels, a);  // a and b for now: the sums over all processes
    if (uses_batch(context) && context.group)
      context.group->all_reduce_sum({a, 2 * static_cast<std::size_t>(g.channels)});
    const double weight = uses_batch(context) ? 1 / variance[g.channels] : 0;  // constants pass no gradient
    for (Index c = 0; c < g.channels; ++c) {
      const double inverse = inverse_deviation(variance[c]);
      if (!dbeta.empty()) dbeta[c] += static_cast<T>(sums[c]);
      if (!dgamma.empty()) dgamma[c] += static_cast<T>(sums[g.channels + c] * inverse);
      a[c] = scale[c] * a[c] * weight;
      b[c] = scale[c] * b[c] * weight * inverse * inverse;
    }
    if (!dx.empty()) batch_norm_input_gradient(threads, g, x.data(), dy.data(), norm, a, b, dx.data());
  }

  /// This layer in inference as y = scale x + shift per channel; `parameters` are those of the layer.
  void affine(std::span<const TensorView<const T>> parameters, T* scale, T* shift) const {
    for (Index c = 0; c < parameters[gamma].size(); ++c) {
      const double factor = static_cast<double>(parameters[gamma][c]) *
                            inverse_deviation(static_cast<double>(parameters[moving_variance][c]));
      scale[c] = static_cast<T>(factor);
      shift[c] = static_cast<T>(static_cast<double>(parameters[beta][c]) -
                                factor * static_cast<double>(parameters[moving_mean][c]));
    }
  }

 protected:
  /// With an activation behind it in the same passes over the data: see fusion.hpp.
  BatchNorm(const BatchNormOptions& options, Activation activation) : options_(options), activation_(activation) {}

 private:
  static void apply(int threads, const NormGeometry& g, TensorView<const T> x, const NormChannels<T>& channels,
                    TensorView<const T> residual, TensorView<T> y) {
    if (residual.empty())
      batch_norm_apply(threads, g, x.data(), channels, y.data());
    else
      batch_norm_add_relu(threads, g, x.data(), channels, residual.data(), y.data());
  }
  NormChannels<T> channels(const Context<T>& context, const detail::NormScratch<T>& scratch, const double* mean,
                           const double* variance) const {
    return scratch.channels(
        context.parameter(gamma), context.parameter(beta), mean,
        [&](Index c) { return inverse_deviation(variance[c]); }, activation_);
  }
  double inverse_deviation(double variance) const { return 1 / std::sqrt(variance + options_.epsilon); }
  static NormGeometry geometry(const Shape& shape) {
    return {shape.back() ? shape.elements() / shape.back() : 0, shape.back()};
  }
  /// Not if the moving statistics are frozen.
  bool uses_batch(const Context<T>& context) const {
    return context.training && !options_.moving_statistics && !context.statistic(moving_mean).empty();
  }
  /// Moves a statistic towards `factor` times that of the batch.
  void update(Context<T>& context, Slot slot, const double* batch, double factor) const {
    const TensorView<T> moving = context.statistic(slot);
    for (Index c = 0; c < moving.size(); ++c) {
      const double target = batch[c] * factor;
      moving[c] = static_cast<T>(static_cast<double>(moving[c]) * options_.momentum + target * (1 - options_.momentum));
    }
  }

  BatchNormOptions options_;
  Activation activation_ = Activation::none;
};

AMDEFECT_COMPILED_CLASS(BatchNorm)

}  // namespace amdefect
