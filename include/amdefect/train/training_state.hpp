#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/nn/weights.hpp"

namespace amdefect {

/// All that a run has to remember besides its weights so that it continues exactly: numbers and tensors by name.
template <class T>
struct TrainingState {
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, Tensor<T>> tensors;
  std::filesystem::path file{};  ///< that it was read from; empty: none

  /// @throws Error if there are no numbers of that name.
  const std::vector<double>& at(const std::string& name) const {
    const auto found = numbers.find(name);
    require(found != numbers.end(), "training state: there is no '", name, "'");
    return found->second;
  }
  /// @throws Error unless there are so many numbers of that name, none of them NaN.
  const std::vector<double>& at(const std::string& name, std::size_t count) const {
    const std::vector<double>& found = at(name);
    require(found.size() == count, "training state: '", name, "' should have ", count, " numbers, got ", found.size());
    for (const double number : found) require(number == number, "training state: '", name, "' holds a NaN");
    return found;
  }
};

namespace detail {

/// Hexadecimal, so that every bit comes back.
inline std::string join_numbers(const std::vector<double>& numbers) {
  std::string text;
  for (const double number : numbers) {
    if (!text.empty()) text += ' ';
    text += hexadecimal_number(number);
  }
  return text;
}

inline std::vector<double> split_numbers(const std::string& text, const std::string& name) {
  std::vector<double> numbers;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const auto number = parse_number<double>(std::string_view(text).substr(begin, end - begin));
    require<FileError>(number.has_value(), "checkpoint: '", name, "' is not a list of numbers: '",
                       text.substr(begin, 40), "'");
    numbers.push_back(*number);
    begin = end + 1;
  }
  return numbers;
}

}  // namespace detail

/// Writes weights and state into one safetensors file; `metadata` may hold more, e.g. the configuration.
template <class T>
void save_checkpoint(const std::filesystem::path& path, const Parameters<T>& parameters, const TrainingState<T>& state,
                     SafetensorsMetadata metadata = {}) {
  const std::string prefix(training_state_prefix);
  std::vector<TensorEntry> entries = weight_entries(parameters);
  for (const auto& [name, tensor] : state.tensors) entries.push_back(safetensors_entry(prefix + name, tensor.view()));
  for (const auto& [name, numbers] : state.numbers) metadata[prefix + name] = detail::join_numbers(numbers);
  write_safetensors(path, entries, metadata);
}

/// Reads both back. @throws FileError if the file does not fit the network or holds no training state.
template <class T>
TrainingState<T> load_checkpoint(const SafetensorsFile& file, Parameters<T>& parameters) {
  TrainingState<T> state;
  state.file = file.path();
  for (const auto& [name, text] : file.metadata())
    if (name.starts_with(training_state_prefix))
      state.numbers[name.substr(training_state_prefix.size())] = detail::split_numbers(text, name);
  require<FileError>(!state.numbers.empty(), "checkpoint: ", file.path().string(),
                     " holds weights but no training state to resume from");
  load_weights(file, parameters, {.ignore = is_training_state});
  for (const TensorEntry& entry : file.entries())
    if (entry.name.starts_with(training_state_prefix))
      state.tensors[entry.name.substr(training_state_prefix.size())] = file.tensor<T>(entry.name);
  return state;
}

}  // namespace amdefect
