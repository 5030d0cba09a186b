#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/io/safetensors.hpp"
#include "amdefect/nn/parameters.hpp"

namespace amdefect {

/// Names of a training's state (optimiser, progress) in a checkpoint begin with this; what is only interested in the
/// weights passes over them.
inline constexpr std::string_view training_state_prefix = "training_state.";

/// The parameters as entries of a safetensors file, in their order; the elements are borrowed.
template <class T>
std::vector<SafetensorsEntry> weight_entries(const Parameters<T>& parameters) {
  std::vector<SafetensorsEntry> entries;
  for (const Parameter& p : parameters.list()) entries.push_back(safetensors_entry(p.name, parameters.value(p)));
  return entries;
}

/// Writes all parameters, statistics included, under their names. @throws FileError if the file cannot be written.
template <class T>
void save_weights(const std::filesystem::path& path, const Parameters<T>& parameters,
                  const SafetensorsMetadata& metadata = {}) {
  write_safetensors(path, weight_entries(parameters), metadata);
}

/// Reads all parameters from the tensors of the same names; tensors whose name starts with `ignored_prefix` (an
/// optimiser's state) are passed over. Nothing changes unless everything fits.
/// @throws FileError that lists what is missing, extra, of another shape or type, or not finite.
template <class T>
void load_weights(const SafetensorsFile& file, Parameters<T>& parameters, std::string_view ignored_prefix = {}) {
  std::vector<std::string> problems;
  for (const Parameter& p : parameters.list()) {
    if (!file.contains(p.name)) {
      problems.push_back(concat("missing '", p.name, "' ", p.shape));
      continue;
    }
    const SafetensorsEntry& entry = file.entry(p.name);
    if (entry.shape != p.shape)
      problems.push_back(concat("'", p.name, "' has shape ", entry.shape, ", expected ", p.shape));
    else if (entry.dtype != "F32" && entry.dtype != "F64")
      problems.push_back(concat("'", p.name, "' has type ", entry.dtype, ", expected F32 or F64"));
    else if (!file.tensor<T>(p.name).array().isFinite().all())
      problems.push_back(concat("'", p.name, "' holds a NaN or an infinity, expected finite numbers"));
  }
  for (const SafetensorsEntry& entry : file.entries())
    if (!parameters.find(entry.name) && (ignored_prefix.empty() || !entry.name.starts_with(ignored_prefix)))
      problems.push_back(concat("extra '", entry.name, "' ", entry.shape));
  if (!problems.empty()) {
    constexpr std::size_t shown = 5;
    std::string list;
    for (std::size_t i = 0; i < std::min(shown, problems.size()); ++i) list += (i ? "; " : "") + problems[i];
    if (problems.size() > shown) list += concat("; and ", problems.size() - shown, " more");
    throw FileError(concat("weights: ", file.path().string(), " does not fit the network: ", list));
  }
  parameters.allocate();
  for (const Parameter& p : parameters.list()) file.read(p.name, parameters.value(p));
}

template <class T>
void load_weights(const std::filesystem::path& path, Parameters<T>& parameters) {
  load_weights(read_safetensors(path), parameters);
}

}  // namespace amdefect
