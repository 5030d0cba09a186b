#pragma once

#include <filesystem>
#include <string>

#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/nn/network.hpp"
#include "amdefect/nn/weights.hpp"

namespace amdefect {

/// Throws a FileError that names the numbers of the architecture that differ from those of the model in the file.
/// Channels and classes may differ: only the first and the last convolutions depend on them.
inline void require_same_architecture(const SafetensorsFile& file, const AnchorFreeModel& model) {
  const JsonValue there = to_json(anchor_free_description(DetectorFile(file)).model), here = to_json(model);
  std::string differences;
  for (const auto& [key, value] : *here.get_if<JsonValue::Object>())
    if (const JsonValue& other = *there.find(key); !(other == value))
      differences += concat(differences.empty() ? "" : ", ", key, ' ', other.to_text(), ", expected ", value.to_text());
  require<FileError>(differences.empty(), "pretrained: ", file.path().string(),
                     " is of another architecture: ", differences);
}

/// Starts a network from the weights of a trained detector, or from any file of weights with the same names. What does
/// not fit, such as the scores of other classes, keeps its values. Returns a line about what was left, empty if nothing
/// was. @throws FileError for a file of another architecture, or of which nothing fits.
inline std::string load_pretrained(const std::filesystem::path& path, const AnchorFreeModel& model,
                                   Network<float>& network) {
  const SafetensorsFile file = read_safetensors(path);
  if (file.metadata().contains(description_key)) require_same_architecture(file, model);
  const LoadReport report = load_weights(file, network.parameters(), {.ignore = is_training_state, .strict = false});
  if (report.missing.empty() && report.misfits.empty()) return "";
  return concat("starting from ", path.string(), ": ", report.to_text());
}

}  // namespace amdefect
