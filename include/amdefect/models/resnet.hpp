#pragma once

#include <array>
#include <string>

#include "amdefect/models/model_builder.hpp"

namespace amdefect {

struct ResNetOptions {
  std::array<Index, 4> blocks{3, 4, 6, 3};  ///< of each stage
  bool bottleneck = true;                   ///< blocks of three convolutions, narrow in the middle, instead of two
  Index width_per_group = 64;               ///< a bottleneck's middle is this / 64 times as wide
  Index classes = 1000;                     ///< 0: features alone
  double dropout = 0;                       ///< before the classifier
  std::string prefix{};                     ///< before all names, e.g. "backbone."
};

namespace detail {

/// Convolutions with a shortcut around them. The stride of a bottleneck is that of its 3x3 convolution, as in
/// torchvision ("version 1.5").
template <class T>
Value residual_block(ModelBuilder<T>& model, Value x, const ResNetOptions& options, Index planes, Index stride,
                     const std::string& name) {
  struct Convolution {
    Index filters, kernel, stride;
  };
  const Index middle = planes * options.width_per_group / 64, filters = options.bottleneck ? 4 * planes : planes;
  const std::vector<Convolution> convolutions =
      options.bottleneck ? std::vector<Convolution>{{middle, 1, 1}, {middle, 3, stride}, {filters, 1, 1}}
                         : std::vector<Convolution>{{planes, 3, stride}, {planes, 3, 1}};
  Value y = x;
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    const Convolution& c = convolutions[i];
    y = model.conv(y, c.filters, {.kernel = c.kernel, .stride = c.stride}, concat(name, ".conv", i + 1));
    y = model.norm(y, concat(name, ".bn", i + 1));
    if (i + 1 < convolutions.size()) y = model.add(Relu<T>(), y, concat(name, ".relu", i + 1));
  }
  if (stride != 1 || model.channels(x) != filters) {
    x = model.conv(x, filters, {.stride = stride}, name + ".downsample.0");
    x = model.norm(x, name + ".downsample.1");
  }
  return model.add(Relu<T>(), model.add(Add<T>(), {x, y}, name + ".sum"), name);
}

}  // namespace detail

/// Adds a residual network (He et al. 2016, arXiv:1512.03385) as torchvision builds it. Levels: strides 4, 8, 16, 32.
template <class T>
ModelOutput resnet(Network<T>& network, Value image, const ResNetOptions& options) {
  detail::ModelBuilder<T> model(network, options.prefix);
  Value x = model.conv(image, 64, {.kernel = 7, .stride = 2}, "conv1");
  x = model.add(Relu<T>(), model.norm(x, "bn1"), "relu");
  x = model.add(MaxPool2d<T>({.pool = 3, .stride = 2, .padding = Padding::pixels(1)}), x, "maxpool");
  ModelOutput output;
  for (Index stage = 0; stage < 4; ++stage) {
    for (Index block = 0; block < options.blocks[static_cast<std::size_t>(stage)]; ++block)
      x = detail::residual_block(model, x, options, Index{64} << stage, block == 0 && stage > 0 ? 2 : 1,
                                 concat("layer", stage + 1, '.', block));
    output.levels.push_back({Index{4} << stage, x});
  }
  if (options.classes > 0) output.logits = model.classifier(x, options.dropout, options.classes, "avgpool", "fc");
  return output;
}

template <class T>
ModelOutput resnet18(Network<T>& network, Value image, ResNetOptions options = {}) {
  options.blocks = {2, 2, 2, 2};
  options.bottleneck = false;
  return resnet(network, image, options);
}
template <class T>
ModelOutput resnet50(Network<T>& network, Value image, const ResNetOptions& options = {}) {
  return resnet(network, image, options);
}

}  // namespace amdefect
