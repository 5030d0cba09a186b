#include "commands.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

void check_config(const TrainConfig& config) {
  require(!config.dataset_path.empty() || !config.annotation_file.empty(),
          "train: no data set; give --dataset_path or the key dataset_path in --config");
  require(TrainConfig::is_off(config.gpu), "train: gpu must be null: amdefect computes on the CPU, got '", config.gpu,
          "'");
  require(config.monitor != "mAP50" || config.eval_interval > 0, "train: monitor mAP50 needs an eval_interval above 0");
  static_cast<void>(config.patience());
}

}  // namespace

void add_train_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("train", "Train a detector on a COCO data set");
  auto config = std::make_shared<TrainConfig>();
  auto file = std::make_shared<std::string>();
  command->add_option("--config", *file, "JSON file with any of these options as keys; the command line wins");
  add_train_options(*command, *config);
  command->callback([=] {
    if (!file->empty()) apply_json_options(*command, *file);
    if (config->model != "paper") use_dense_defaults(*command, *config);
    check_config(*config);
    const auto train = config->model == "paper" ? train_paper : config->model == "blob" ? train_blob : train_dense;
    if (const int code = train(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
