#include <CLI/CLI.hpp>

#include "fuzz_target.hpp"
#include "json_options.hpp"
#include "memory_file.hpp"
#include "train_options.hpp"

namespace {

using namespace amdefect;

/// A configuration file of `amdefect train`. What it says is written again.
void fuzz_train_config(std::span<const std::uint8_t> input) {
  const MemoryFile file(input);
  CLI::App program;
  CLI::App* command = program.add_subcommand("train");
  TrainConfig config;
  add_train_options(*command, config);
  static_cast<void>(apply_json_options(*command, file.path(), {}));
  use_model_defaults(*command, config);
  static_cast<void>(to_json(config).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

const RegisterFuzzTarget train_config_target("train_config", fuzz_train_config);

}  // namespace
