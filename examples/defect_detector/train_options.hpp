#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "train_config.hpp"

namespace amdefect {

/// Kinds of models, as bits.
enum ModelKind : unsigned { anchor_free_model = 1, paper_model = 2, blob_model = 4 };

/// All that is known of an option of `amdefect train`: a row of the table in train_options.cpp.
struct TrainOption {
  std::string name;      ///< on the command line behind `--`, and the key of the configuration
  unsigned used_by;      ///< the kinds of models that look at it
  bool identity = true;  ///< whether a run with another value is another run
  bool newer = false;    ///< version 0.1 does not know it: part of the identity only if it is not as by default
  std::function<CLI::Option*(CLI::App&, TrainConfig&)> add;           ///< adds it to the command line
  std::function<nlohmann::ordered_json(const TrainConfig&)> to_json;  ///< its value in a configuration file
  std::function<void(TrainConfig&)> use_paper_default;                ///< empty: all models have the same
};

const std::vector<TrainOption>& train_options();

/// Adds all options to the command.
void add_train_options(CLI::App& command, TrainConfig& config);

/// Gives the options that were not given the values that suit the model.
void use_model_defaults(const CLI::App& command, TrainConfig& config);

/// The options among `given` that the model does not look at.
std::vector<std::string> unused_options(const std::set<std::string>& given, const TrainConfig& config);

}  // namespace amdefect
