#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "amdefect/core/error.hpp"

namespace amdefect {

namespace detail {

/// A JSON value as the text that would follow the option on a command line.
inline std::vector<std::string> option_texts(const nlohmann::json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  if (!value.is_array()) return {value.dump()};
  std::vector<std::string> texts;
  for (const auto& item : value) texts.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  return texts;
}

}  // namespace detail

/// What a seed may be: CLI11 would turn -1 into the largest number.
inline const CLI::Range seed_range(0.0, 9e18, "SEED");

/// Gives the options of a subcommand that were not on the command line the values of a JSON configuration file, whose
/// keys are the names of the options without `--`; null stands for the default.
/// @throws FileError for a file that cannot be read or is no JSON object, Error for an unknown key or an unfit value.
inline void apply_json_options(CLI::App& command, const std::filesystem::path& path) {
  std::ifstream file(path);
  require<FileError>(file.good(), "configuration: cannot open ", path.string());
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(file);
  } catch (const nlohmann::json::exception& error) {
    throw FileError(concat("configuration: ", path.string(), ": ", error.what()));
  }
  require<FileError>(json.is_object(), "configuration: ", path.string(), ": expected a JSON object, found ",
                     json.type_name());
  for (const auto& [key, value] : json.items()) {
    CLI::Option* option = command.get_option_no_throw("--" + key);
    require(option != nullptr && key != "config" && key != "help", "configuration: ", path.string(), ": unknown key '",
            key, "'");
    const bool left_out = value.is_null() || (value.is_array() && value.empty());
    if (left_out || option->count() > 0) continue;
    try {
      for (const std::string& text : detail::option_texts(value)) option->add_result(text);
      option->run_callback();
    } catch (const CLI::Error& error) {
      throw Error(concat("configuration: ", path.string(), ": '", key, "': ", error.what()));
    }
  }
}

}  // namespace amdefect
