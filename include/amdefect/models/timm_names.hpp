#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/io/tensor_file.hpp"
#include "amdefect/models/torchvision_names.hpp"

namespace amdefect {

namespace detail {

using NamePair = std::pair<std::string_view, std::string_view>;

/// What the pairs call `name`; empty if they do not know it.
template <std::size_t count>
constexpr std::string_view find_name(const std::array<NamePair, count>& pairs, std::string_view name) {
  for (const auto& [ours, theirs] : pairs)
    if (ours == name) return theirs;
  return {};
}

/// Takes a number and the point behind it from the front of a text, -1 if it does not begin with one.
inline Index take_number(std::string_view& text) {
  Index number = -1;
  const char* end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
  text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(end - text.data()) + 1));
  return number;
}

/// The modules of MobileNetV2 and EfficientNet that torchvision calls features.`rest`; empty for others.
inline std::string timm_feature(std::string_view rest) {
  constexpr std::array<NamePair, 10> first_stage{{{"conv.0.0", "conv_dw"},
                                                  {"conv.0.1", "bn1"},
                                                  {"conv.1", "conv_pw"},
                                                  {"conv.2", "bn2"},
                                                  {"block.0.0", "conv_dw"},
                                                  {"block.0.1", "bn1"},
                                                  {"block.1.fc1", "se.conv_reduce"},
                                                  {"block.1.fc2", "se.conv_expand"},
                                                  {"block.2.0", "conv_pw"},
                                                  {"block.2.1", "bn2"}}};
  constexpr std::array<NamePair, 14> later_stages{{{"conv.0.0", "conv_pw"},
                                                   {"conv.0.1", "bn1"},
                                                   {"conv.1.0", "conv_dw"},
                                                   {"conv.1.1", "bn2"},
                                                   {"conv.2", "conv_pwl"},
                                                   {"conv.3", "bn3"},
                                                   {"block.0.0", "conv_pw"},
                                                   {"block.0.1", "bn1"},
                                                   {"block.1.0", "conv_dw"},
                                                   {"block.1.1", "bn2"},
                                                   {"block.2.fc1", "se.conv_reduce"},
                                                   {"block.2.fc2", "se.conv_expand"},
                                                   {"block.3.0", "conv_pwl"},
                                                   {"block.3.1", "bn3"}}};
  constexpr std::array<Index, 7> blocks_of_mobilenet{1, 2, 3, 4, 3, 3, 1};
  const Index number = take_number(rest);
  if (rest == "0") return number == 0 ? "conv_stem" : "conv_head";
  if (rest == "1") return number == 0 ? "bn1" : "bn2";
  Index stage = 0, block = number - 1;  // torchvision counts MobileNetV2's blocks from 1 through all stages
  if (rest.starts_with("conv."))
    while (stage < 6 && block >= blocks_of_mobilenet[static_cast<std::size_t>(stage)])
      block -= blocks_of_mobilenet[static_cast<std::size_t>(stage++)];
  else
    stage = std::exchange(block, take_number(rest));
  const std::string_view part = stage == 0 ? find_name(first_stage, rest) : find_name(later_stages, rest);
  return part.empty() ? "" : concat("blocks.", stage, '.', block, '.', part);
}

/// The modules of ViT that torchvision calls encoder.layers.encoder_layer_`rest`; empty for others.
inline std::string timm_encoder_layer(std::string_view rest) {
  constexpr std::array<NamePair, 4> parts{
      {{"ln_1", "norm1"}, {"ln_2", "norm2"}, {"mlp.0", "mlp.fc1"}, {"mlp.3", "mlp.fc2"}}};
  const Index number = take_number(rest);
  const std::string_view part = find_name(parts, rest);
  return part.empty() ? "" : concat("blocks.", number, '.', part);
}

}  // namespace detail

/// What timm (pytorch-image-models 0.9 and others) calls a parameter of MobileNetV2 (`mobilenetv2_100`),
/// EfficientNet-B0
/// (`efficientnet_b0`) and ViT-B/16 (`vit_base_patch16_224`). Other names, those of ResNets among them, are
/// torchvision's.
inline std::string timm_name(std::string_view name) {
  constexpr std::array<detail::NamePair, 2> wholes{
      {{"class_token.token", "cls_token"}, {"encoder.pos_embedding.positions", "pos_embed"}}};
  constexpr std::array<detail::NamePair, 4> attention{{{"self_attention.in_kernel", "attn.qkv.weight"},
                                                       {"self_attention.in_bias", "attn.qkv.bias"},
                                                       {"self_attention.out_kernel", "attn.proj.weight"},
                                                       {"self_attention.out_bias", "attn.proj.bias"}}};
  constexpr std::array<detail::NamePair, 4> modules{{{"classifier.1", "classifier"},
                                                     {"conv_proj", "patch_embed.proj"},
                                                     {"encoder.ln", "norm"},
                                                     {"heads.head", "head"}}};
  constexpr std::string_view features = "features.", layers = "encoder.layers.encoder_layer_";
  if (const auto whole = detail::find_name(wholes, name); !whole.empty()) return std::string(whole);
  if (name.starts_with(layers)) {
    std::string_view part = name.substr(layers.size());
    const Index number = detail::take_number(part);
    if (const auto theirs = detail::find_name(attention, part); !theirs.empty())
      return concat("blocks.", number, '.', theirs);
  }
  std::string theirs = torchvision_name(name);
  const std::size_t end = theirs.rfind('.');
  if (end == std::string::npos) return theirs;
  const std::string_view module = std::string_view(theirs).substr(0, end);
  std::string renamed(detail::find_name(modules, module));
  if (module.starts_with(features)) renamed = detail::timm_feature(module.substr(features.size()));
  if (module.starts_with(layers)) renamed = detail::timm_encoder_layer(module.substr(layers.size()));
  return renamed.empty() ? theirs : renamed + theirs.substr(end);
}

/// `torchvision_weights` for a file of timm.
inline LoadOptions timm_weights(std::string prefix = {}, std::string_view wrapper = {}) {
  return detail::pytorch_weights(std::move(prefix), timm_name, wrapper);
}

/// Whether a file has names, below `wrapper`, that only timm gives: of the first layer of MobileNetV2 and EfficientNet,
/// or of ViT.
inline bool is_timm(const TensorFile& file, std::string_view wrapper = {}) {
  return file.contains(concat(wrapper, "conv_stem.weight")) ||
         file.contains(concat(wrapper, "patch_embed.proj.weight"));
}

}  // namespace amdefect
