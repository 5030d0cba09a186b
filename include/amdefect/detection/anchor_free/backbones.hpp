#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/models/efficientnet.hpp"
#include "amdefect/models/mobilenet_v2.hpp"
#include "amdefect/models/resnet.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

/// All layers of a backbone have names that begin so.
inline constexpr const char* backbone_prefix = "backbone.";

/// Backbones of anchor-free detectors by their names: mobilenet_v2, efficientnet_b0, resnet18, resnet50, and those that
/// `RegisterBackbone` adds. Safe to use from several threads.
template <class T>
class BackboneRegistry {
 public:
  /// Adds layers that turn an image into features of strides 4, 8, 16, ... (`ModelOutput::levels`).
  using Backbone = std::function<ModelOutput(Network<T>&, Value image)>;

  static BackboneRegistry& instance();

  /// @throws Error for an empty name, or one that is taken.
  void add(const std::string& name, Backbone backbone);
  /// Builds the backbone of that name. @throws Error if there is none.
  ModelOutput build(const std::string& name, Network<T>& network, Value image) const;

 private:
  BackboneRegistry();

  Backbone find(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    std::string names;
    for (const auto& [known, backbone] : backbones_) {
      if (known == name) return backbone;
      names += concat(names.empty() ? "" : ", ", known);
    }
    throw Error(concat("backbones: there is no '", name, "', expected one of: ", names));
  }

  mutable std::mutex mutex_;
  std::map<std::string, Backbone> backbones_;
};

template <class T>
BackboneRegistry<T>& BackboneRegistry<T>::instance() {
  static BackboneRegistry registry;
  return registry;
}

template <class T>
void BackboneRegistry<T>::add(const std::string& name, Backbone backbone) {
  require(!name.empty(), "backbones: a backbone is registered under an empty name");
  const std::scoped_lock lock(mutex_);
  require(backbones_.emplace(name, std::move(backbone)).second, "backbones: there are two called '", name, "'");
}

template <class T>
ModelOutput BackboneRegistry<T>::build(const std::string& name, Network<T>& network, Value image) const {
  return find(name)(network, image);
}

template <class T>
BackboneRegistry<T>::BackboneRegistry() {
  add("mobilenet_v2", [](Network<T>& network, Value image) {
    return mobilenet_v2(network, image, {.classes = 0, .prefix = backbone_prefix});
  });
  add("efficientnet_b0", [](Network<T>& network, Value image) {
    return efficientnet_b0(network, image, {.classes = 0, .prefix = backbone_prefix});
  });
  add("resnet18", [](Network<T>& network, Value image) {
    return resnet18(network, image, {.classes = 0, .prefix = backbone_prefix});
  });
  add("resnet50", [](Network<T>& network, Value image) {
    return resnet50(network, image, {.classes = 0, .prefix = backbone_prefix});
  });
}

AMDEFECT_COMPILED_CLASS(BackboneRegistry)

/// Makes a backbone of your own known to detectors and their files, for float and double; in one line:
///
///     static const RegisterBackbone tiny("tiny", [](auto& network, Value image) -> ModelOutput { ... });
///
/// The names of its layers should begin with `backbone_prefix`.
struct RegisterBackbone {
  template <class Function>
  requires(std::invocable<Function, Network<float>&, Value>&& std::invocable<Function, Network<double>&, Value>)
      RegisterBackbone(const std::string& name, const Function& function) {
    BackboneRegistry<float>::instance().add(name, function);
    BackboneRegistry<double>::instance().add(name, function);
  }
};

/// The names of the weights and statistics of a backbone's first stages: all layers up to the features of stride 4 are
/// one stage, those up to stride 8 two, and so on. @throws Error if there are not so many.
inline std::vector<std::string> stage_parameters(const std::string& backbone, Index stages) {
  std::vector<std::string> names;
  if (stages == 0) return names;
  Network<float> network;
  const ModelOutput output = BackboneRegistry<float>::instance().build(backbone, network, network.input({64, 64, 3}));
  require(stages >= 0 && stages <= static_cast<Index>(output.levels.size()), "backbones: '", backbone, "' has ",
          output.levels.size(), " stages, cannot freeze ", stages);
  const std::size_t last = output.levels[static_cast<std::size_t>(stages - 1)].value.id;
  for (std::size_t id = 0; id <= last; ++id)
    for (const std::size_t parameter : network.nodes()[id].parameters)
      names.push_back(network.parameters()[parameter].name);
  return names;
}

}  // namespace amdefect
