#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "amdefect/models/model_builder.hpp"

namespace amdefect {

struct EfficientNetOptions {
  double width = 1;               ///< times as many channels
  double depth = 1;               ///< times as many blocks in each stage, rounded up
  Index last_channels = 0;        ///< of the features of stride 32; 0: four times those before them
  Index classes = 1000;           ///< 0: features alone
  double dropout = 0.2;           ///< before the classifier
  double stochastic_depth = 0.2;  ///< probability that the last block is left out while training; earlier ones less
  std::string prefix{};           ///< before all names, e.g. "backbone."
};

namespace detail {

/// An inverted residual block with squeeze-and-excitation (Hu et al. 2018, arXiv:1709.01507).
template <class T>
Value excited_block(ModelBuilder<T>& model, Value x, Index expanded, Index filters, Index kernel, Index stride,
                    double drop, const std::string& name) {
  const Index inputs = model.channels(x), squeezed = std::max<Index>(1, inputs / 4);
  Index part = 0;
  const auto next = [&] { return concat(name, ".block.", part++); };
  Value y = x;
  if (expanded != inputs) y = model.conv_norm(y, expanded, {}, next(), Silu<T>());
  y = model.conv_norm(y, expanded, {.kernel = kernel, .stride = stride, .groups = expanded}, next(), Silu<T>());
  const std::string excitation = next();
  Value factor = model.add(GlobalAveragePool<T>(), y, excitation + ".pool");
  factor = model.add(Reshape<T>({1, 1, expanded}), factor, excitation + ".pixel");
  factor = model.add(Silu<T>(), model.add(Conv2d<T>(squeezed), factor, excitation + ".fc1"), excitation + ".silu");
  factor =
      model.add(Sigmoid<T>(), model.add(Conv2d<T>(expanded), factor, excitation + ".fc2"), excitation + ".sigmoid");
  factor = model.add(Flatten<T>(), factor, excitation + ".factor");
  y = model.add(Multiply<T>(), {y, factor}, excitation);
  const std::string project = next();
  y = model.norm(model.conv(y, filters, {}, project + ".0"), project + ".1");
  if (stride != 1 || inputs != filters) return y;
  if (drop > 0) y = model.add(StochasticDepth<T>(drop), y, name + ".stochastic_depth");
  return model.add(Add<T>(), {x, y}, name);
}

}  // namespace detail

/// Adds EfficientNet (Tan and Le 2019, arXiv:1905.11946) as torchvision builds it, B0 unless width and depth say
/// otherwise. Levels: strides 4, 8, 16 and 32.
template <class T>
ModelOutput efficientnet_b0(Network<T>& network, Value image, const EfficientNetOptions& options = {}) {
  struct Stage {
    Index expansion, kernel, stride, channels, blocks;
  };
  constexpr std::array<Stage, 7> stages{{{1, 3, 1, 16, 1},
                                         {6, 3, 2, 24, 2},
                                         {6, 5, 2, 40, 2},
                                         {6, 3, 2, 80, 3},
                                         {6, 5, 1, 112, 3},
                                         {6, 5, 2, 192, 4},
                                         {6, 3, 1, 320, 1}}};
  const auto channels = [&](Index count) { return detail::scaled_channels(count, options.width); };
  const auto blocks = [&](const Stage& stage) {
    return static_cast<Index>(std::ceil(static_cast<double>(stage.blocks) * options.depth));
  };
  Index all_blocks = 0;
  for (const Stage& stage : stages) all_blocks += blocks(stage);

  detail::ModelBuilder<T> model(network, options.prefix);
  ModelOutput output;
  Value x = model.conv_norm(image, channels(32), {.kernel = 3, .stride = 2}, "features.0", Silu<T>());
  Index stride = 2, number = 1, done = 0;
  for (const Stage& stage : stages) {
    if (stage.stride == 2 && stride >= 4) output.levels.push_back({stride, x});
    stride *= stage.stride;
    for (Index block = 0; block < blocks(stage); ++block, ++done) {
      const Index expanded = stage.expansion == 1
                                 ? model.channels(x)
                                 : detail::scaled_channels(model.channels(x), static_cast<double>(stage.expansion));
      const double drop = options.stochastic_depth * static_cast<double>(done) / static_cast<double>(all_blocks);
      x = detail::excited_block(model, x, expanded, channels(stage.channels), stage.kernel,
                                block == 0 ? stage.stride : 1, drop, concat("features.", number, '.', block));
    }
    ++number;
  }
  const Index last = options.last_channels > 0 ? options.last_channels : 4 * model.channels(x);
  x = model.conv_norm(x, last, {}, concat("features.", number), Silu<T>());
  output.levels.push_back({stride, x});
  if (options.classes > 0)
    output.logits = model.classifier(x, options.dropout, options.classes, "pool", "classifier.1");
  return output;
}

}  // namespace amdefect
