#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

/// Features of an image [batch, height / stride, width / stride, channels].
struct FeatureLevel {
  Index stride = 1;
  Value value{};
};

/// What a published network computes of an image.
struct ModelOutput {
  std::vector<FeatureLevel> levels;  ///< the last features of each stride from 4 on, the finest first
  std::optional<Value> logits;       ///< [batch, classes], if it was built with classes

  /// The features of that stride. @throws Error if there are none.
  Value level(Index stride) const {
    const auto found = std::find_if(levels.begin(), levels.end(),
                                    [&](const FeatureLevel& candidate) { return candidate.stride == stride; });
    require(found != levels.end(), "model: there are no features of stride ", stride);
    return found->value;
  }
};

namespace detail {

/// `channels` times `factor`, rounded to a multiple of 8 that is at least 90 % of it (MobileNetV2's authors).
inline Index scaled_channels(Index channels, double factor) {
  const double exact = static_cast<double>(channels) * factor;
  const Index rounded = std::max<Index>(8, static_cast<Index>(exact + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * exact ? rounded + 8 : rounded;
}

/// Appends layers to a network under the names that torchvision gives its modules, behind a prefix.
template <class T>
class ModelBuilder {
 public:
  ModelBuilder(Network<T>& network, std::string prefix) : network_(network), prefix_(std::move(prefix)) {}

  template <class Op>
  Value add(Op operation, std::initializer_list<Value> inputs, std::string_view name) {
    return network_.add(std::move(operation), inputs, prefix_ + std::string(name));
  }
  template <class Op>
  Value add(Op operation, Value input, std::string_view name) {
    return add(std::move(operation), {input}, name);
  }

  /// Convolution without bias and, as in PyTorch, padded by (kernel - 1) / 2 on every side.
  Value conv(Value x, Index filters, ConvOptions options, std::string_view name) {
    options.padding = Padding::pixels((options.kernel - 1) / 2);
    options.bias = false;
    options.initializer = Initializer::he_normal;
    return add(Conv2d<T>(filters, options), x, name);
  }
  /// Batch norm with PyTorch's defaults.
  Value norm(Value x, std::string_view name) {
    return add(BatchNorm<T>({.momentum = 0.9, .epsilon = 1e-5, .unbiased = true}), x, name);
  }
  /// Convolution, batch norm and activation, called `name`.0, .1 and .2.
  template <class Act>
  Value conv_norm(Value x, Index filters, const ConvOptions& options, std::string_view name, Act activation) {
    x = norm(conv(x, filters, options, concat(name, ".0")), concat(name, ".1"));
    return add(std::move(activation), x, concat(name, ".2"));
  }

  Index channels(Value x) const { return network_.shape(x).back(); }

  /// Mean over all pixels, dropout and a dense layer.
  Value classifier(Value x, double dropout, Index classes, std::string_view pool_name, std::string_view dense_name) {
    x = add(GlobalAveragePool<T>(), x, pool_name);
    if (dropout > 0) x = add(Dropout<T>(dropout), x, concat(dense_name, ".dropout"));
    return add(Dense<T>(classes), x, dense_name);
  }

 private:
  Network<T>& network_;
  std::string prefix_;
};

}  // namespace detail

}  // namespace amdefect
