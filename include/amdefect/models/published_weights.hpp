#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "amdefect/io/safetensors.hpp"
#include "amdefect/io/tensor_file.hpp"
#include "amdefect/io/torch_file.hpp"
#include "amdefect/models/timm_names.hpp"
#include "amdefect/models/torchvision_names.hpp"
#include "amdefect/nn/weights.hpp"

namespace amdefect {

/// What all names of a file begin with: `module.` if PyTorch's DataParallel wrapped the network, else nothing.
inline std::string_view wrapper_of(const TensorFile& file) {
  constexpr std::string_view wrapper = "module.";
  const auto is_wrapped = [&](const TensorEntry& entry) { return entry.name.starts_with(wrapper); };
  return std::all_of(file.entries().begin(), file.entries().end(), is_wrapped) ? wrapper : std::string_view();
}

/// How `load_weights` reads the weights of a published network from this file: by the names of timm if it has them,
/// else by those of torchvision, in both cases also as DataParallel writes them (`wrapper_of`). `prefix` is that of the
/// options of the model.
inline LoadOptions published_weights(const TensorFile& file, std::string prefix = {}) {
  const std::string_view wrapper = wrapper_of(file);
  return is_timm(file, wrapper) ? timm_weights(std::move(prefix), wrapper)
                                : torchvision_weights(std::move(prefix), wrapper);
}

/// Reads the weights of a published network, all of them, from a file of torchvision or timm, `.pth` or safetensors.
/// @throws FileError as load_weights does.
template <class T>
LoadReport load_published_weights(const std::filesystem::path& path, Parameters<T>& parameters) {
  const auto load = [&](const TensorFile& file) { return load_weights(file, parameters, published_weights(file)); };
  return is_torch_file(path) ? load(read_torch(path)) : load(read_safetensors(path));
}

}  // namespace amdefect
