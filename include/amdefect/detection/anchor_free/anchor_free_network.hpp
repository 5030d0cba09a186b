#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/detection/anchor_free/anchor_free_model.hpp"
#include "amdefect/detection/anchor_free/backbones.hpp"
#include "amdefect/models/feature_encoder.hpp"
#include "amdefect/models/squeeze_excitation.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

namespace detail {

/// Builds the parts of an anchor-free detector; names say where in the network a layer is.
template <class T>
class AnchorFreeBuilder {
 public:
  explicit AnchorFreeBuilder(const AnchorFreeModel& model) : model_(model) {
    const Index side = 2 * model.largest_stride();
    const Value image = net_.input({side, side, model.channels}, "image");
    const std::vector<Value> levels = pyramid(model.backbone.empty() ? stages(image) : backbone(image));
    for (Index level = 0; level < model.levels; ++level) {
      const Value features = levels[static_cast<std::size_t>(level)];
      for (const auto& [kind, outputs] : {std::pair("score", model.classes), std::pair("box", 4 * model.box_bins)}) {
        const std::string name = concat(kind, model.stride(level));
        Value x = features;
        for (Index i = 0; i < model.head_convs; ++i)
          x = conv(x, model.pyramid, {.kernel = 3}, concat(name, "_", i + 1), true);
        net_.output(net_.add(Conv2d<T>(outputs, {.initializer = Initializer::he_normal}), x, name), name);
      }
    }
  }
  Network<T> take() { return std::move(net_); }

 private:
  /// Convolution, batch norm and, if asked for, ReLU: one pass over the data in inference (fusion.hpp).
  Value conv(Value x, Index filters, ConvOptions options, const std::string& name, bool relu) {
    options.bias = false;  // the batch norm has one
    options.initializer = Initializer::he_normal;
    x = net_.add(Conv2d<T>(filters, options), x, name);
    x = net_.add(BatchNorm<T>({.momentum = 0.97}), x, name + "_norm");
    return relu ? net_.add(Relu<T>(), x, name + "_relu") : x;
  }

  /// Two convolutions and a shortcut around them (He et al. 2016, arXiv:1512.03385).
  Value residual_block(Value x, Index filters, const std::string& name) {
    Value y = conv(x, filters, {.kernel = 3}, name + "_1", true);
    y = conv(y, filters, {.kernel = 3}, name + "_2", false);
    if (model_.squeeze_excite) y = squeeze_excitation(net_, y, name + "_excited");
    return net_.add(Relu<T>(), net_.add(Add<T>(), {x, y}, name + "_sum"), name);
  }

  Value stem(Value image, const std::string& prefix) {
    return conv(image, model_.stem, {.kernel = 3, .stride = 2}, prefix + "stem", true);
  }
  Value stage(Value x, std::size_t index, const std::string& prefix) {
    const std::string name = concat(prefix, "stage", index + 1);
    x = conv(x, model_.widths[index], {.kernel = 3, .stride = 2}, name + "_down", true);
    for (Index block = 0; block < model_.blocks[index]; ++block)
      x = residual_block(x, model_.widths[index], concat(name, "_block", block + 1));
    return x;
  }
  /// The first stage of some of the image's channels.
  Value first_stage(Value image, Index begin, Index count, const std::string& prefix) {
    if (count < model_.channels) image = net_.add(Slice<T>(-1, begin, count), image, prefix + "channels");
    return stage(stem(image, prefix), 0, prefix);
  }

  std::vector<Value> stages(Value image) {
    std::vector<Value> results;
    if (model_.late_fusion) {
      constexpr Index own = AnchorFreeModel::own_channels;
      require(model_.channels > own, "anchor-free model: late_fusion is for channels beyond the first ", own,
              ", here are ", model_.channels);
      const Value both =
          net_.add(Concatenate<T>(-1),
                   {first_stage(image, 0, own, ""), first_stage(image, own, model_.channels - own, "extra_")}, "both");
      results.push_back(conv(both, model_.widths[0], {}, "fusion", true));
    } else {
      results.push_back(first_stage(image, 0, model_.channels, ""));
    }
    for (std::size_t i = 1; i < model_.widths.size(); ++i) results.push_back(stage(results.back(), i, ""));
    return results;
  }

  /// The features of a published backbone from the first stride on.
  std::vector<Value> backbone(Value image) {
    std::vector<Value> results;
    for (const FeatureLevel& level : BackboneRegistry<T>::instance().build(model_.backbone, net_, image).levels) {
      if (level.stride < model_.first_stride) continue;
      require(level.stride == model_.stride(static_cast<Index>(results.size())), "anchor-free model: the backbone '",
              model_.backbone, "' has no features of stride ", model_.stride(static_cast<Index>(results.size())));
      results.push_back(level.value);
    }
    require(!results.empty() && static_cast<Index>(results.size()) <= model_.levels,
            "anchor-free model: ", model_.levels, " levels for ", results.size(), " features of '", model_.backbone,
            "', expected at least one for each");
    return results;
  }

  /// Features of every level with the same number of channels: those of the stages, to which the coarser ones are
  /// added from the top down (Lin et al. 2017, arXiv:1612.03144), and further halved ones on top.
  std::vector<Value> pyramid(const std::vector<Value>& stages) {
    std::vector<Value> levels;
    for (std::size_t i = 0; i < stages.size(); ++i)
      levels.push_back(
          conv(stages[i], model_.pyramid, {}, concat("lateral", model_.stride(static_cast<Index>(i))), false));
    levels.back() = encoder(levels.back());
    while (static_cast<Index>(levels.size()) < model_.levels) {
      const Index stride = model_.stride(static_cast<Index>(levels.size()));
      levels.push_back(conv(levels.back(), model_.pyramid, {.kernel = 3, .stride = 2}, concat("halved", stride), true));
    }
    for (std::size_t i = levels.size() - 1; i-- > 0;) {
      const std::string stride = std::to_string(model_.stride(static_cast<Index>(i)));
      const Value coarser = net_.add(UpsampleNearest<T>(2), levels[i + 1], "up" + stride);
      levels[i] = net_.add(Add<T>(), {levels[i], coarser}, "pyramid" + stride);
    }
    return levels;
  }

  /// Attention between all places of the coarsest stage, in heads of 16 channels or more.
  Value encoder(Value x) {
    const Index heads = std::gcd(model_.pyramid, std::max<Index>(1, model_.pyramid / 16));
    return feature_encoder(net_, x, {model_.encoder_layers, heads, 4 * model_.pyramid}, "encoder");
  }

  AnchorFreeModel model_;
  Network<T> net_;
};

}  // namespace detail

/// A single-stage, anchor-free detector: residual or published backbone, top-down feature pyramid, and on every level
/// separate heads for scores and boxes.
///
/// Input [batch, height, width, channels], height and width multiples of `largest_stride()`, values as
/// `scale_pixels` gives them. Outputs, level by level: `score4` [batch, height / 4, width / 4, classes], logits, and
/// `box4` [batch, height / 4, width / 4, 4 * box_bins], see `LocationGrid`; then `score8`, `box8` and so on.
/// @throws Error for a model without meaning.
template <class T>
Network<T> anchor_free_network(const AnchorFreeModel& model) {
  check(model);
  return detail::AnchorFreeBuilder<T>(model).take();
}

/// Gives all weights their first values. The scores begin at 1 %, so that the many locations without an object do not
/// drown the few with one (Lin et al. 2017, arXiv:1708.02002), and the boxes at about two strides: every edge is one
/// stride away, either by softplus or as the mean of a distribution whose probabilities halve from bin to bin.
template <class T>
void initialize_anchor_free(Network<T>& network, const AnchorFreeModel& model, std::uint64_t seed) {
  network.initialize(seed);
  for (Index level = 0; level < model.levels; ++level) {
    const Index stride = model.stride(level);
    network.parameters().value(concat("score", stride, ".bias")).fill(static_cast<T>(-std::log(99.0)));
    const TensorView<T> box_bias = network.parameters().value(concat("box", stride, ".bias"));
    for (Index i = 0; i < box_bias.size(); ++i)
      box_bias[i] = static_cast<T>(model.box_bins == 1 ? std::log(std::exp(1.0) - 1)
                                                       : -std::log(2.0) * static_cast<double>(i % model.box_bins));
    for (const char* kind : {"score", "box"})
      network.parameters().value(concat(kind, stride, ".kernel")).array() *= static_cast<T>(0.1);
  }
}

AMDEFECT_COMPILED_FUNCTION(anchor_free_network)
AMDEFECT_COMPILED_FUNCTION(initialize_anchor_free)

}  // namespace amdefect
