#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "amdefect/nn/load_options.hpp"

namespace amdefect {

/// What torchvision calls a parameter of the models: `pytorch_name`, and the names of attention and of the embeddings
/// of a vision transformer.
inline std::string torchvision_name(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> endings[]{{".in_kernel", ".in_proj_weight"},
                                                                    {".in_bias", ".in_proj_bias"},
                                                                    {".out_kernel", ".out_proj.weight"},
                                                                    {".out_bias", ".out_proj.bias"},
                                                                    {".token", ""},
                                                                    {".positions", ""}};
  for (const auto& [ours, theirs] : endings)
    if (name.ends_with(ours)) return std::string(name.substr(0, name.size() - ours.size())) + std::string(theirs);
  return pytorch_name(name);
}

namespace detail {

/// How `load_weights` reads weights of PyTorch: parameters below `prefix`, without it, by `name_of`, below `wrapper` in
/// the file.
inline LoadOptions pytorch_weights(std::string prefix, std::string (*name_of)(std::string_view),
                                   std::string_view wrapper = {}) {
  return {.name_in_file =
              [prefix = std::move(prefix), name_of, wrapper = std::string(wrapper)](std::string_view name) {
                return name.starts_with(prefix) ? wrapper + name_of(name.substr(prefix.size())) : std::string(name);
              },
          .layout = pytorch_layout,
          .ignore = [](std::string_view name) { return name.ends_with("num_batches_tracked"); }};
}

}  // namespace detail

/// How `load_weights` reads the weights of a model from a file of torchvision, or one converted from it. `prefix` is
/// that of the model's options; parameters without it are not looked for. All names of the file begin with `wrapper`.
inline LoadOptions torchvision_weights(std::string prefix = {}, std::string_view wrapper = {}) {
  return detail::pytorch_weights(std::move(prefix), torchvision_name, wrapper);
}

}  // namespace amdefect
