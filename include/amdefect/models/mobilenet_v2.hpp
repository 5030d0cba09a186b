#pragma once

#include <array>
#include <string>

#include "amdefect/models/model_builder.hpp"

namespace amdefect {

struct MobileNetV2Options {
  double width = 1;      ///< times as many channels
  Index classes = 1000;  ///< 0: features alone
  double dropout = 0.2;  ///< before the classifier
  std::string prefix{};  ///< before all names, e.g. "backbone."
};

/// Adds MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) as torchvision builds it: inverted residual blocks, whose
/// shortcuts join the narrow ends. Levels: strides 4, 8, 16 and 32.
template <class T>
ModelOutput mobilenet_v2(Network<T>& network, Value image, const MobileNetV2Options& options = {}) {
  struct Stage {
    Index expansion, channels, blocks, stride;
  };
  constexpr std::array<Stage, 7> stages{
      {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}};
  detail::ModelBuilder<T> model(network, options.prefix);

  const auto inverted_residual = [&](Value x, Index expansion, Index filters, Index stride, const std::string& name) {
    const Index inputs = model.channels(x), expanded = expansion * inputs;
    Index part = 0;
    const auto next = [&] { return concat(name, ".conv.", part++); };
    Value y = x;
    if (expansion != 1) y = model.conv_norm(y, expanded, {}, next(), Relu6<T>());
    y = model.conv_norm(y, expanded, {.kernel = 3, .stride = stride, .groups = expanded}, next(), Relu6<T>());
    y = model.conv(y, filters, {}, next());
    y = model.norm(y, next());
    return stride == 1 && inputs == filters ? model.add(Add<T>(), {x, y}, name) : y;
  };

  ModelOutput output;
  Index stride = 2, number = 0;
  const auto next = [&] { return concat("features.", number++); };
  Value x = model.conv_norm(image, detail::scaled_channels(32, options.width), {.kernel = 3, .stride = 2}, next(),
                            Relu6<T>());
  for (const Stage& stage : stages) {
    if (stage.stride == 2 && stride >= 4) output.levels.push_back({stride, x});
    stride *= stage.stride;
    for (Index block = 0; block < stage.blocks; ++block)
      x = inverted_residual(x, stage.expansion, detail::scaled_channels(stage.channels, options.width),
                            block == 0 ? stage.stride : 1, next());
  }
  x = model.conv_norm(x, detail::scaled_channels(1280, std::max(1.0, options.width)), {}, next(), Relu6<T>());
  output.levels.push_back({stride, x});
  if (options.classes > 0)
    output.logits = model.classifier(x, options.dropout, options.classes, "pool", "classifier.1");
  return output;
}

}  // namespace amdefect
