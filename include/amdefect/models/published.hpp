#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "amdefect/core/error.hpp"
#include "amdefect/models/efficientnet.hpp"
#include "amdefect/models/mobilenet_v2.hpp"
#include "amdefect/models/resnet.hpp"
#include "amdefect/models/vision_transformer.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

/// Published classifiers of ImageNet by their names in torchvision.
inline constexpr std::array<const char*, 5> published_models{"mobilenet_v2", "efficientnet_b0", "resnet18", "resnet50",
                                                             "vit_b_16"};

inline bool is_published(std::string_view name) {
  return std::find(published_models.begin(), published_models.end(), name) != published_models.end();
}

/// The classifier of that name for images [batch, side, side, channels], with the output `logits`; without weights yet.
/// @throws Error for another name.
template <class T = float>
Network<T> published_network(std::string_view name, Index classes = 1000, Index side = 224, Index channels = 3) {
  Network<T> network;
  const Value image = network.input({side, side, channels}, "image");
  const auto logits = [&] {
    if (name == "mobilenet_v2") return mobilenet_v2(network, image, {.classes = classes}).logits;
    if (name == "efficientnet_b0") return efficientnet_b0(network, image, {.classes = classes}).logits;
    if (name == "resnet18") return resnet18(network, image, {.classes = classes}).logits;
    if (name == "resnet50") return resnet50(network, image, {.classes = classes}).logits;
    require(name == "vit_b_16", "models: there is no '", name,
            "', expected mobilenet_v2, efficientnet_b0, resnet18, resnet50 or vit_b_16");
    return vit_b_16(network, image, {.classes = classes}).logits;
  }();
  network.output(*logits, "logits");
  return network;
}

}  // namespace amdefect
