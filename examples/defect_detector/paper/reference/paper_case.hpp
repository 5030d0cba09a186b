#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "amdefect/nn/weights.hpp"
#include "amdefect/nn/workspace.hpp"
#include "paper/paper_network.hpp"
#include "reference_check/check.hpp"

namespace amdefect::reference_check {

// The rows of the README's table of tolerances that concern the network.
inline constexpr Tolerance network_outputs{1e-10, 2e-5}, rounded_outputs{1e-6, 2e-5};
inline constexpr Tolerance network_gradients{1e-10, 1e-4}, rounded_gradients{1e-6, 1e-4};
inline constexpr Tolerance loss_tolerance{1e-9, 1e-4}, box_loss_tolerance{1e-9, 5e-4};
inline constexpr Tolerance moving_statistics{1e-10, 2e-5}, final_moving_statistics{1e-6, 2e-3};
inline constexpr Tolerance final_update{1e-5, 4e-2};

/// What the files call the inside of the network, and the node it is.
inline constexpr std::array<std::pair<const char*, const char*>, 7> probes{{{"mid.stage1", "bn1"},
                                                                            {"mid.stage2", "bn2"},
                                                                            {"mid.stage3", "bn3"},
                                                                            {"mid.cls_map", "cls_sigmoid"},
                                                                            {"mid.reg_map", "reg_conv2"},
                                                                            {"mid.cls_gap", "cls_gap"},
                                                                            {"mid.reg_gap", "reg_gap"}}};

/// The paper's network without weights; with `probed`, the inside is among the outputs.
template <class T>
Network<T> probed_paper_network(Index classes, const Shape& image, bool probed) {
  Network<T> net = paper_network<T>(classes, image[1], image[3]);
  for (std::size_t id = 0; probed && id < net.nodes().size(); ++id)
    for (const auto& [name, node] : probes)
      if (net.nodes()[id].name == node) net.output(Value{id}, name);
  return net;
}

/// The same with the weights of a file.
template <class T>
Network<T> load_paper_network(const std::filesystem::path& weights, const Shape& image, bool probed) {
  const SafetensorsFile file = read_safetensors(weights);
  Network<T> net = probed_paper_network<T>(file.entry("cls_dense.bias").shape.elements() / 100, image, probed);
  load_weights(file, net.parameters());
  return net;
}

/// The same with kernels that need no file: a hash of the element's number, counted through all kernels, spread over
/// the range of Glorot's uniform distribution. tests/reference_cases/network_cases.py computes them too.
template <class T>
Network<T> hashed_paper_network(const Shape& image, bool probed) {
  Network<T> net = probed_paper_network<T>(4, image, probed);
  net.initialize(0);  // biases 0, scales 1
  std::uint32_t number = 0;
  for (const Parameter& p : net.parameters().list()) {
    const std::size_t rank = p.shape.rank();
    if (rank == 1) continue;
    const Index fans = p.shape[rank - 2] + p.shape[rank - 1];
    const Index window = p.size() / (p.shape[rank - 2] * p.shape[rank - 1]);
    const double limit = std::sqrt(6.0 / static_cast<double>(window * fans));
    for (T& value : net.parameters().value(p)) {
      std::uint32_t mixed = number++ * 2654435761U;
      mixed = (mixed ^ (mixed >> 16)) * 2246822519U;
      mixed ^= mixed >> 13;
      value = static_cast<T>(static_cast<float>(limit * (mixed / 2147483648.0 - 1)));
    }
  }
  return net;
}

/// The file that an attribute of the case names, beside the case.
inline std::filesystem::path weights_path(const ReferenceCase& reference, const char* attribute) {
  const auto file = reference.find({attribute});
  require(file.has_value(), "the case has no attribute ", attribute);
  return reference.folder() / *file;
}

/// The network at the start of a case: with the weights of its file, or with those of the formula.
template <class T>
Network<T> initial_paper_network(const ReferenceCase& reference, const Shape& image, bool probed) {
  const std::string formula = reference.text({"weights_formula"}, "");
  if (formula.empty()) return load_paper_network<T>(weights_path(reference, "weights_file"), image, probed);
  require(formula == "hash", "attribute weights_formula: expected hash, found '", formula, "'");
  return hashed_paper_network<T>(image, probed);
}

/// The file of another op that belongs to the same case, e.g. the data of a file of gradients.
inline std::filesystem::path sibling(const ReferenceCase& reference, const std::string& op) {
  for (const auto& item : std::filesystem::directory_iterator(reference.folder())) {
    if (item.path().extension() != ".safetensors") continue;
    const ReferenceCase other(item.path());
    if (other.op() == op && other.name() == reference.name()) return item.path();
  }
  throw Error(concat("there is no file of op ", op, " and case ", reference.name()));
}

/// Channel means, or the pixels (0,0), (0,W-1), (H-1,0), (H-1,W-1) of the first image.
template <class T>
Tensor<T> channel_means(TensorView<const T> map) {
  Tensor<T> means(Shape{map.shape().back()});
  const auto mean = map.matrix().template cast<double>().colwise().mean().eval();
  for (Index c = 0; c < means.size(); ++c) means[c] = static_cast<T>(mean[c]);
  return means;
}
template <class T>
Tensor<T> corner_pixels(TensorView<const T> map) {
  const Index bottom = map.dim(1) - 1, right = map.dim(2) - 1, channels = map.dim(3);
  Tensor<T> corners(Shape{4, channels});
  for (Index c = 0; c < channels; ++c) {
    corners(0, c) = map(0, 0, 0, c);
    corners(1, c) = map(0, 0, right, c);
    corners(2, c) = map(0, bottom, 0, c);
    corners(3, c) = map(0, bottom, right, c);
  }
  return corners;
}

/// Compares all outputs and probes that the file has, under `prefix` and their name.
template <class T>
void compare_outputs(Check<T>& check, const Workspace<T>& workspace, const std::string& prefix) {
  const auto compare = [&](const std::string& name, TensorView<const T> actual) {
    if (!check->has(prefix + name)) return;
    const bool rounded = check->file().entry(prefix + name).dtype == "F32";
    check.compare(prefix + name, actual, rounded ? rounded_outputs : network_outputs);
  };
  const TensorView<const T> logits = workspace.output("classification");
  Tensor<T> probabilities(logits.shape());
  for (Index i = 0; i < logits.size(); ++i) probabilities[i] = 1 / (1 + std::exp(-logits[i]));
  compare("cls_logits", logits);
  compare("cls_prob", probabilities);
  compare("reg", workspace.output("regression"));
  for (std::size_t i = 2; i < workspace.network().outputs().size(); ++i) {
    const std::string name = workspace.network().outputs()[i].name;
    compare(name, workspace.output(i));
    if (workspace.output(i).rank() != 4) continue;
    compare(name + "_channel_mean", channel_means(workspace.output(i)));
    compare(name + "_corners", corner_pixels(workspace.output(i)));
  }
}

}  // namespace amdefect::reference_check
