#pragma once

#include <tuple>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/pixel_sums.hpp"
#include "amdefect/kernels/pooling.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Hyper-parameters of a pooling window; a stride of 0 means "as the pool", a width of 0 "as the height".
struct PoolOptions {
  Index pool = 2, pool_w = 0;
  Index stride = 0, stride_w = 0;
  Padding padding = Padding::valid();
};

/// Base of max and average pooling: checks the options and computes the sizes.
template <class T>
class Pool2d : public Layer<T> {
 public:
  /// @throws Error for sizes that are not positive.
  explicit Pool2d(const PoolOptions& options) : options_(options) {
    PoolOptions& o = options_;
    if (o.pool_w == 0) o.pool_w = o.pool;
    if (o.stride_w == 0) o.stride_w = o.stride ? o.stride : o.pool_w;
    if (o.stride == 0) o.stride = o.pool;
    require(o.pool > 0 && o.pool_w > 0 && o.stride > 0 && o.stride_w > 0, "pooling: pool and stride must be positive");
    const Padding& p = o.padding;
    require(std::min(p.top, p.left) >= 0 && std::min(p.bottom, p.right) >= 0 && std::max(p.top, p.bottom) < o.pool &&
                std::max(p.left, p.right) < o.pool_w,
            "pooling: padding must be at least 0 and smaller than the pool");
  }

  explicit Pool2d(const JsonReader& attributes) : Pool2d(read_options(attributes)) {}

  JsonValue attributes() const override {
    const PoolOptions& o = options_;
    return {{"pool", JsonValue::array({o.pool, o.pool_w})},
            {"stride", JsonValue::array({o.stride, o.stride_w})},
            {"padding", detail::json_of(o.padding)}};
  }
  Shape output_shape(const Shape& input) const override {
    const PoolGeometry g = geometry(input);
    return {g.batch, g.out_h, g.out_w, g.channels};
  }

 protected:
  PoolGeometry geometry(const Shape& input) const {
    require_rank(this->kind().c_str(), "[batch, height, width, channels]", 4, input);
    const PoolOptions& o = options_;
    const Padding& p = o.padding;
    const WindowAxis h = window_axis(input[1], o.pool, o.stride, 1, p.mode, p.top, p.bottom);
    const WindowAxis w = window_axis(input[2], o.pool_w, o.stride_w, 1, p.mode, p.left, p.right);
    require<ShapeError>(h.out > 0 && w.out > 0, this->kind(), ": a ", o.pool, "x", o.pool_w,
                        " window does not fit into the input ", input);
    return {.batch = input[0],
            .in_h = input[1],
            .in_w = input[2],
            .channels = input[3],
            .out_h = h.out,
            .out_w = w.out,
            .pool_h = o.pool,
            .pool_w = o.pool_w,
            .stride_h = o.stride,
            .stride_w = o.stride_w,
            .pad_top = h.before,
            .pad_left = w.before};
  }

 private:
  static PoolOptions read_options(const JsonReader& attributes) {
    PoolOptions o;
    std::tie(o.pool, o.pool_w) = detail::read_height_width(attributes, "pool");
    std::tie(o.stride, o.stride_w) = detail::read_height_width(attributes, "stride");
    o.padding = detail::read_padding(attributes.at("padding"));
    return o;
  }

  PoolOptions options_;
};

/// Largest value of each window on NHWC (Keras' MaxPooling2D). Of equal values the first in row-major order gets the
/// gradient.
template <class T = float>
class MaxPool2d : public Pool2d<T> {
 public:
  explicit MaxPool2d(const PoolOptions& options = {}) : Pool2d<T>(options) {}
  explicit MaxPool2d(const JsonReader& attributes) : Pool2d<T>(attributes) {}
  std::string kind() const override { return "max_pool2d"; }
  MemoryTraits traits() const override { return {.needs_input = true, .needs_output = true}; }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    max_pool_forward(context.execution.threads, this->geometry(x.shape()), x.data(), y.data());
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T> y, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    max_pool_backward(context.execution.threads, this->geometry(x.shape()), x.data(), y.data(), dy.data(), dx.data());
  }
};

/// Mean of each window on NHWC (Keras' AveragePooling2D); padding is not counted.
template <class T = float>
class AveragePool2d : public Pool2d<T> {
 public:
  explicit AveragePool2d(const PoolOptions& options = {}) : Pool2d<T>(options) {}
  explicit AveragePool2d(const JsonReader& attributes) : Pool2d<T>(attributes) {}
  std::string kind() const override { return "average_pool2d"; }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    average_pool_forward(context.execution.threads, this->geometry(x.shape()), x.data(), y.data());
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    average_pool_backward(context.execution.threads, this->geometry(x.shape()), dy.data(), dx.data());
  }
};

/// Mean over height and width: [batch, height, width, channels] -> [batch, channels].
template <class T = float>
class GlobalAveragePool : public Layer<T> {
 public:
  std::string kind() const override { return "global_average_pool"; }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  Shape output_shape(const Shape& input) const override {
    require_rank("global_average_pool", "[batch, height, width, channels]", 4, input);
    require<ShapeError>(input[1] * input[2] > 0, "global_average_pool: the input ", input, " has no pixels");
    return {input[0], input[3]};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Index pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
    y.fill(0);
    for (Index image = 0; image < x.dim(0); ++image)
      add_pixel_sums(context.execution.threads, pixels, channels, x.data() + image * pixels * channels,
                     y.data() + image * channels);
    y.array() /= static_cast<T>(pixels);
  }
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    const Index pixels = dx.dim(1) * dx.dim(2), channels = dx.dim(3);
    const T weight = T{1} / static_cast<T>(pixels);
    parallel_for(threads_for(context.execution.threads, dx.size()), dx.dim(0) * pixels,
                 [&](Index begin, Index end, int) {
                   for (Index row = begin; row < end; ++row)
                     for (Index c = 0; c < channels; ++c)
                       dx[row * channels + c] = dy[row / pixels * channels + c] * weight;
                 });
  }
};

AMDEFECT_COMPILED_CLASS(MaxPool2d)
AMDEFECT_COMPILED_CLASS(AveragePool2d)
AMDEFECT_COMPILED_CLASS(GlobalAveragePool)

}  // namespace amdefect
