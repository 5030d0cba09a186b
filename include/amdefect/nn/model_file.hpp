#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/safetensors.hpp"
#include "amdefect/nn/architecture.hpp"
#include "amdefect/nn/weights.hpp"

namespace amdefect {

/// Key of a network's architecture in the metadata of a model file.
inline constexpr const char* architecture_key = "amdefect.network";

/// Writes a whole network: weights as `save_weights` does, its architecture as JSON in the metadata, and `metadata`.
/// @throws Error naming the node if a layer is not registered (`RegisterLayer`), or if the weights have no values yet;
/// FileError if the file cannot be written. An old file of that name then stays as it was.
template <class T>
void save_model(const Network<T>& network, const std::filesystem::path& path, SafetensorsMetadata metadata = {}) {
  require(network.parameters().allocated() || network.parameters().count() == 0,
          "save_model: the network has no weights yet: call initialize() or load_weights() first");
  const bool is_free = metadata.emplace(architecture_key, architecture_of(network).to_text()).second;
  require(is_free, "save_model: the metadata holds '", architecture_key, "' already, the key of the architecture");
  save_weights(path, network.parameters(), metadata);
}

/// The network that `save_model` wrote, ready for inference or more training; nothing but the file is needed. Its own
/// layers must be registered (`RegisterLayer`). @throws FileError if the file holds no network or a broken one.
template <class T>
Network<T> load_model(const SafetensorsFile& file) {
  const auto found = file.metadata().find(architecture_key);
  require<FileError>(found != file.metadata().end(), "model: ", file.path().string(),
                     ": holds weights but no network ('", architecture_key,
                     "' in its metadata); was it written by save_model?");
  const std::string where = concat("model: ", file.path().string(), ": ", architecture_key);
  Network<T> network = build_network<T>(parse_json(found->second, where), where);
  load_weights(file, network.parameters(), {.ignore = is_training_state});
  return network;
}
template <class T>
Network<T> load_model(const std::filesystem::path& path) {
  return load_model<T>(read_safetensors(path));
}

}  // namespace amdefect
