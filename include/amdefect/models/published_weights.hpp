#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "amdefect/io/safetensors.hpp"
#include "amdefect/io/torch_file.hpp"
#include "amdefect/models/timm_names.hpp"
#include "amdefect/models/torchvision_names.hpp"
#include "amdefect/nn/weights.hpp"

namespace amdefect {

/// How `load_weights` reads the weights of a published network from this file: by timm's names if it has them, else by
/// torchvision's. `prefix` is that of the model's options.
inline LoadOptions published_weights(const TensorFile& file, std::string prefix = {}) {
  return is_timm(file) ? timm_weights(std::move(prefix)) : torchvision_weights(std::move(prefix));
}

/// Reads the weights of a published network, all of them, from a file of torchvision or timm, `.pth` or safetensors.
/// @throws FileError as load_weights does.
template <class T>
LoadReport load_published_weights(const std::filesystem::path& path, Parameters<T>& parameters) {
  const auto load = [&](const TensorFile& file) { return load_weights(file, parameters, published_weights(file)); };
  return is_torch_file(path) ? load(read_torch(path)) : load(read_safetensors(path));
}

}  // namespace amdefect
