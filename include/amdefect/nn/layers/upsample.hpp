#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Repeats every pixel `scale` times along height and width (Keras' UpSampling2D, nearest).
template <class T = float>
class UpsampleNearest : public Layer<T> {
 public:
  /// @throws Error unless the scale is positive.
  explicit UpsampleNearest(Index scale = 2) : scale_(scale) {
    require(scale > 0, "upsample_nearest: the scale must be positive, got ", scale);
  }

  explicit UpsampleNearest(const JsonReader& attributes) : UpsampleNearest(detail::read_size(attributes, "scale")) {}

  std::string kind() const override { return "upsample_nearest"; }
  JsonValue attributes() const override { return {{"scale", scale_}}; }
  Shape output_shape(const Shape& input) const override {
    require_rank("upsample_nearest", "[batch, height, width, channels]", 4, input);
    return {input[0], input[1] * scale_, input[2] * scale_, input[3]};
  }
  MemoryTraits traits() const override { return {.needs_input = false, .recompute = true}; }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Index width = y.dim(2), channels = y.dim(3);
    parallel_for(threads_for(context.execution.threads, y.size()), y.dim(0) * y.dim(1),
                 [&](Index begin, Index end, int) {
                   for (Index row = begin; row < end; ++row)
                     for (Index j = 0; j < width; ++j)
                       std::copy_n(x.data() + (row / scale_ * x.dim(2) + j / scale_) * channels, channels,
                                   y.data() + (row * width + j) * channels);
                 });
  }
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    const Index width = dx.dim(2), channels = dx.dim(3);
    parallel_for(threads_for(context.execution.threads, dx.size()), dx.dim(0) * dx.dim(1),
                 [&](Index begin, Index end, int) {
                   for (Index row = begin; row < end; ++row)
                     for (Index j = 0; j < width; ++j) {
                       T* sum = dx.data() + (row * width + j) * channels;
                       std::fill_n(sum, channels, T{0});
                       for (Index u = 0; u < scale_; ++u)
                         for (Index v = 0; v < scale_; ++v) {
                           const T* term = dy.data() + ((row * scale_ + u) * dy.dim(2) + j * scale_ + v) * channels;
                           for (Index c = 0; c < channels; ++c) sum[c] += term[c];
                         }
                     }
                 });
  }

 private:
  Index scale_;
};

AMDEFECT_COMPILED_CLASS(UpsampleNearest)

}  // namespace amdefect
