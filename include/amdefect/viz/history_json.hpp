#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/train/callback.hpp"

namespace amdefect {

/// A history as JSON: a list per value under its name, and `epoch`; null in epochs that do not have the value.
inline std::string history_json(const std::vector<EpochLog>& history) {
  auto json = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < history.size(); ++i) {
    json["epoch"].push_back(history[i].epoch);
    for (const auto& [name, value] : history[i].values) {
      while (json[name].size() < i) json[name].push_back(nullptr);
      json[name].push_back(value);
    }
    for (auto& column : json)
      if (column.size() <= i) column.push_back(nullptr);
  }
  return json.dump(1) + "\n";
}

/// Reads what `history_json` writes; empty where there is no such file.
inline std::vector<EpochLog> read_history(const std::filesystem::path& path) {
  std::ifstream file(path);
  const auto json = nlohmann::ordered_json::parse(file, nullptr, false);
  std::vector<EpochLog> history;
  if (!json.is_object() || !json.contains("epoch") || !json["epoch"].is_array()) return history;
  for (std::size_t i = 0; i < json["epoch"].size(); ++i) {
    EpochLog log{.epoch = static_cast<Index>(i) + 1, .epochs = static_cast<Index>(json["epoch"].size())};
    for (const auto& [name, column] : json.items())
      if (name != "epoch" && column.is_array() && i < column.size() && column[i].is_number())
        log.values.emplace_back(name, column[i]);
    history.push_back(std::move(log));
  }
  return history;
}

}  // namespace amdefect
