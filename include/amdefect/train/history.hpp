#pragma once

#include <string>
#include <vector>

#include "amdefect/core/stored_count.hpp"
#include "amdefect/train/callback.hpp"

namespace amdefect {

namespace detail {

inline constexpr std::string_view history_prefix = "history.";

/// Key of the value at a position of the log; two digits keep the order of the values when keys are sorted.
inline std::string history_key(std::size_t position, const std::string& name) {
  return concat(history_prefix, position / 10, position % 10, ".", name);
}

}  // namespace detail

/// Stores the logs of all epochs: under each name pairs (epoch, value), because not every epoch has every value.
template <class T>
void save_history(const std::vector<EpochLog>& history, TrainingState<T>& state) {
  for (const EpochLog& log : history) {
    const auto add = [&](const std::string& key, double value) {
      std::vector<double>& pairs = state.numbers[key];
      pairs.push_back(static_cast<double>(log.epoch));
      pairs.push_back(value);
    };
    for (std::size_t i = 0; i < log.values.size(); ++i)
      add(detail::history_key(i, log.values[i].first), log.values[i].second);
    add("speed.seconds", log.seconds);
    add("speed.images_per_second", log.images_per_second);
    add("speed.wait_share", log.wait_share);
  }
}

/// The logs of the first `count` epochs. @throws Error if the state names an epoch beyond them.
template <class T>
std::vector<EpochLog> restore_history(const TrainingState<T>& state, Index count, Index epochs) {
  if (count > 0)
    static_cast<void>(state.at("speed.seconds", 2 * static_cast<std::size_t>(count)));  // before allocating
  std::vector<EpochLog> history(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    history[static_cast<std::size_t>(i)].epoch = i + 1;
    history[static_cast<std::size_t>(i)].epochs = epochs;
  }
  const auto for_each_pair = [&](const std::vector<double>& pairs, const auto& use) {
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
      const Index epoch = stored_count(pairs[i], "history");
      require(1 <= epoch && epoch <= count, "training state: epoch ", epoch, " is not one of the ", count, " finished");
      use(history[static_cast<std::size_t>(epoch) - 1], pairs[i + 1]);
    }
  };
  const std::size_t key_length = detail::history_prefix.size() + 3;
  for (const auto& [key, pairs] : state.numbers) {
    if (!key.starts_with(detail::history_prefix) || key.size() < key_length) continue;
    const std::string name = key.substr(key_length);
    for_each_pair(pairs, [&name](EpochLog& log, double value) { log.values.emplace_back(name, value); });
  }
  if (count == 0) return history;
  for_each_pair(state.at("speed.seconds"), [](EpochLog& log, double value) { log.seconds = value; });
  for_each_pair(state.at("speed.images_per_second"), [](EpochLog& log, double v) { log.images_per_second = v; });
  for_each_pair(state.at("speed.wait_share"), [](EpochLog& log, double value) { log.wait_share = value; });
  return history;
}

}  // namespace amdefect
