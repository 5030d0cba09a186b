#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/json_reader.hpp"

namespace amdefect {

/// Accepts what `read_number` does, the one way in which all numbers of options and configuration files are read.
template <class Number>
CLI::Validator number_range(Number least, Number most = std::numeric_limits<Number>::max()) {
  const auto check = [=](std::string& text) -> std::string {
    try {
      const Number number = read_number(text, least, most);
      text = std::is_integral_v<Number> ? concat(number) : shortest_number(static_cast<double>(number));  // for CLI11
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  return {check,
          most == std::numeric_limits<Number>::max() ? concat(">= ", least) : concat('[', least, " - ", most, ']')};
}
inline const CLI::Validator seed_range = number_range<std::uint64_t>(0, 9'000'000'000'000'000'000);
inline constexpr const char* recompute_help = "Values computed again in backward, not kept: none, cheap ones, or all";
inline constexpr const char* allow_outside_files_help =
    "Read images outside of the data set's folder, where names in its annotations or links may lead";
inline const CLI::Validator thread_range(
    [range = number_range(0, 1024)](std::string& text) {
      const std::string problem = range(text);
      if (problem.empty()) std::cerr << thread_note(std::stoi(text));
      return problem;
    },
    "[0 - 1024]");

/// A function that adds an option to the command, with its default in the help.
inline auto option_adder(CLI::App& command) {
  return [&](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->capture_default_str();
  };
}

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

/// Options of the command line, each with the one of a configuration file whose place it takes.
using Replacements = std::vector<std::pair<std::string, std::string>>;

/// Gives the options of a subcommand that were not on the command line the values of a JSON configuration file, whose
/// keys are the names of the options without `--`; null stands for the default. Returns the names of the options that
/// the file gives a value.
/// @throws FileError for a file that cannot be read or is no JSON object, Error for an unknown key or an unfit value.
inline std::set<std::string> apply_json_options(CLI::App& command, const std::filesystem::path& path,
                                                const Replacements& replacements) {
  const std::string where = concat("configuration: ", path.string());
  const Bytes bytes = read_bytes(path);
  const JsonValue json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, where);
  std::set<std::string> names, given;
  for (const CLI::Option* option : command.get_options())
    if (option->count() > 0) given.insert(option->get_single_name());
  for (const auto& [key, value] : JsonReader(json, where).members()) {
    const std::string name = option_name(command, key);
    require(!name.empty() && name != "config" && name != "help", where, ": unknown key '", key, "'");
    const auto* list = value.get_if<JsonValue::Array>();
    if (value.is_null() || (list && list->empty())) continue;
    require(names.insert(name).second, where, ": '", key, "' is there twice");
    if (given.contains(name)) continue;
    const auto winner = std::find_if(replacements.begin(), replacements.end(), [&](const auto& pair) {
      return pair.second == name && given.contains(pair.first);
    });
    if (winner != replacements.end()) {
      const bool off = value == JsonValue("") || value == JsonValue(false) || value == JsonValue(0);
      if (!off)
        std::cerr << "note: " << name << " of " << path.string() << " does not count beside --" << winner->first
                  << '\n';
      names.erase(name);
      continue;
    }
    CLI::Option* option = command.get_option("--" + name);
    const auto add = [&](const JsonValue& item) {
      const auto* text = item.get_if<std::string>();
      option->add_result(text ? *text : item.to_text());
    };
    try {
      if (list)
        std::for_each(list->begin(), list->end(), add);
      else
        add(value);
      option->run_callback();
    } catch (const CLI::Error& error) {
      throw Error(concat(where, ": ", error.what()));
    }
  }
  return names;
}

}  // namespace amdefect
