#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/batch_norm.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"
#include "amdefect/nn/layers/norm_scratch.hpp"

namespace amdefect {

/// Group normalisation (Wu and He 2018, arXiv:1803.08494; PyTorch's GroupNorm): y = gamma (x - mean) / sqrt(variance +
/// epsilon) + beta, with mean and biased variance of all pixels of a sample and the channels of a group, which lie side
/// by side. The same in training and inference, and for a sample alone as in any batch. [batch, ..., channels] -> same.
///
/// Parameters: `gamma`, `beta` (channels).
template <class T = float>
class GroupNorm : public Layer<T> {
 public:
  enum Slot : std::size_t { gamma, beta };

  /// PyTorch's default epsilon; Keras' is 1e-3. @throws Error unless there is at least one group.
  explicit GroupNorm(Index groups, double epsilon = 1e-5) : groups_(groups), epsilon_(epsilon) {
    require(groups > 0, "group_norm: expected at least one group, got ", groups);
  }
  explicit GroupNorm(const JsonReader& attributes)
      : GroupNorm(detail::read_size(attributes, "groups"), attributes.get<double>("epsilon")) {}

  std::string kind() const override { return "group_norm"; }
  JsonValue attributes() const override { return {{"groups", groups_}, {"epsilon", epsilon_}}; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 2 && input.back() > 0, "group_norm: expected at least [batch, channels], got ",
                        input);
    require<ShapeError>(input.back() % groups_ == 0, "group_norm: the channels of the input ", input,
                        " do not divide into ", groups_, " groups");
    return input;
  }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "gamma", .shape = {input.back()}, .initializer = Initializer::ones},
            {.name = "beta", .shape = {input.back()}}};
  }
  MemoryTraits traits() const override { return {.backward_in_place = true, .recompute = true}; }
  MemoryRequest memory(const Shape& input, const Execution&, bool training) const override {
    const NormGeometry g = sample_geometry(input);
    const std::size_t moments = 2 * static_cast<std::size_t>(input[0] * g.channels) * sizeof(double);
    const std::size_t scratch = detail::NormScratch<T>::bytes(g);
    return {.state = training ? moments : 0, .forward_scratch = scratch, .backward_scratch = training ? scratch : 0};
  }

  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const NormGeometry g = sample_geometry(x.shape());
    const detail::NormScratch<T> scratch(context, g);
    const int threads = context.execution.threads;
    const Index size = g.rows * g.channels;
    for (Index sample = 0; size > 0 && sample < x.dim(0); ++sample) {
      // Backward reads mean and inverse deviation from the state; without training they go to the scratch memory.
      double* mean = context.training ? context.template state<double>() + 2 * sample * g.channels : scratch.row(0);
      double* inverse = mean + g.channels;
      const T* from = x.data() + sample * size;
      batch_moments(threads, g, from, mean, inverse, scratch.sums());
      join_groups(g, mean, inverse);
      batch_norm_apply(threads, g, from, channels(context, scratch, mean, inverse), y.data() + sample * size);
    }
  }

  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const NormGeometry g = sample_geometry(x.shape());
    const int threads = context.execution.threads;
    const Index size = g.rows * g.channels;
    const TensorView<T> dgamma = context.gradient(gamma), dbeta = context.gradient(beta);
    const detail::NormScratch<T> scratch(context, g);
    double *scale = scratch.row(0), *shift = scratch.row(1), *slope = scratch.row(2);
    for (Index sample = 0; size > 0 && sample < x.dim(0); ++sample) {
      const double* mean = context.template state<double>() + 2 * sample * g.channels;
      const double* inverse = mean + g.channels;
      const T* from = x.data() + sample * size;
      const T* gradient = dy.data() + sample * size;
      for (Index c = 0; c < g.channels; ++c) scale[c] = static_cast<double>(context.parameter(gamma)[c]) * inverse[c];
      const NormGradient<T> norm{channels(context, scratch, mean, inverse), mean, scale};
      const double* sums = batch_norm_gradient_sums(threads, g, from, gradient, norm, scratch.sums());
      for (Index c = 0; c < g.channels; ++c) {
        if (!dbeta.empty()) dbeta[c] += static_cast<T>(sums[c]);
        if (!dgamma.empty()) dgamma[c] += static_cast<T>(sums[g.channels + c] * inverse[c]);
      }
      if (dx.empty()) continue;
      share_groups(g, scale, inverse, sums, shift, slope);
      batch_norm_input_gradient(threads, g, from, gradient, norm, shift, slope, dx.data() + sample * size);
    }
  }

 private:
  static NormGeometry sample_geometry(const Shape& shape) {
    return {shape.sample().elements() / shape.back(), shape.back()};
  }
  static NormChannels<T> channels(const Context<T>& context, const detail::NormScratch<T>& scratch, const double* mean,
                                  const double* inverse) {
    return scratch.channels(context.parameter(gamma), context.parameter(beta), mean,
                            [&](Index c) { return inverse[c]; });
  }

  /// Calls body(first channel, end) for each group.
  template <class Body>
  void for_each_group(const NormGeometry& g, const Body& body) const {
    const Index width = g.channels / groups_;
    for (Index first = 0; first < g.channels; first += width) body(first, first + width);
  }

  /// Makes of the mean and variance of each channel the mean and inverse deviation of its group: the variance of a
  /// group is the mean of the variances within its channels and the variance of their means.
  void join_groups(const NormGeometry& g, double* mean, double* variance) const {
    for_each_group(g, [&](Index first, Index end) {
      const auto channels = static_cast<double>(end - first);
      double group_mean = 0, group_variance = 0;
      for (Index c = first; c < end; ++c) group_mean += mean[c] / channels;
      for (Index c = first; c < end; ++c) {
        const double apart = mean[c] - group_mean;
        group_variance += (variance[c] + apart * apart) / channels;
      }
      std::fill(mean + first, mean + end, group_mean);
      std::fill(variance + first, variance + end, 1 / std::sqrt(group_variance + epsilon_));
    });
  }

  /// What the gradient loses because mean and variance of the group depend on x, too: dx = scale dy - shift - slope (x
  /// - mean). `sums` are those of batch_norm_gradient_sums.
  void share_groups(const NormGeometry& g, const double* scale, const double* inverse, const double* sums,
                    double* shift, double* slope) const {
    for_each_group(g, [&](Index first, Index end) {
      const auto count = static_cast<double>(g.rows * (end - first));
      double of_mean = 0, of_variance = 0;
      for (Index c = first; c < end; ++c) {
        of_mean += scale[c] * sums[c] / count;
        of_variance += scale[c] * sums[g.channels + c] / count;
      }
      std::fill(shift + first, shift + end, of_mean);
      std::fill(slope + first, slope + end, of_variance * inverse[first] * inverse[first]);
    });
  }

  Index groups_;
  double epsilon_;
};

AMDEFECT_COMPILED_CLASS(GroupNorm)

}  // namespace amdefect
