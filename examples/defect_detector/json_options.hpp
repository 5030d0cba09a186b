#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

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

/// The name of an option, without `--`, as the command has it, where `-` and `_` count as the same; empty if it has
/// none of that name.
inline std::string option_name(const CLI::App& command, const std::string& name) {
  const auto plain = [](std::string text) {
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
  };
  for (const CLI::Option* option : command.get_options())
    for (const std::string& known : option->get_lnames())
      if (plain(known) == plain(name)) return known;
  return "";
}

/// Gives the options of a subcommand that were not on the command line the values of a JSON configuration file, whose
/// keys are the names of the options without `--`; null stands for the default. Returns the names of the options that
/// the file gives a value.
/// @throws FileError for a file that cannot be read or is no JSON object, Error for an unknown key or an unfit value.
inline std::set<std::string> apply_json_options(CLI::App& command, const std::filesystem::path& path) {
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
  std::set<std::string> names;
  for (const auto& [key, value] : json.items()) {
    const std::string name = option_name(command, key);
    require(!name.empty() && name != "config" && name != "help", "configuration: ", path.string(), ": unknown key '",
            key, "'");
    if (value.is_null() || (value.is_array() && value.empty())) continue;
    require(names.insert(name).second, "configuration: ", path.string(), ": '", key, "' is there twice");
    CLI::Option* option = command.get_option("--" + name);
    if (option->count() > 0) continue;
    try {
      for (const std::string& text : detail::option_texts(value)) option->add_result(text);
      option->run_callback();
    } catch (const CLI::Error& error) {
      throw Error(concat("configuration: ", path.string(), ": '", key, "': ", error.what()));
    }
  }
  return names;
}

}  // namespace amdefect
