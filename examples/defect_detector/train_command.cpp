#include <algorithm>
#include <cmath>
#include <iostream>

#include "commands.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

void check_config(const TrainConfig& config) {
  require(!config.dataset_path.empty() || !config.annotation_file.empty(),
          "train: no data set; give --dataset_path or the key dataset_path in --config");
  require(TrainConfig::is_off(config.gpu), "train: gpu must be null: amdefect computes on the CPU, got '", config.gpu,
          "'");
  require(std::isfinite(config.minutes), "train: minutes is ", config.minutes, ", expected a number");
  require(!config.model.starts_with("dense") || config.monitor != "val_loss", "train: monitor is val_loss, which ",
          config.model, " does not have; expected mAP50 or loss");
  require(config.monitor != "mAP50" || config.eval_interval > 0, "train: monitor mAP50 needs an eval_interval above 0");
  require(!config.model.starts_with("dense") || config.minutes > 0 || config.epochs > 0,
          "train: nothing to do: epochs and minutes are 0");
  static_cast<void>(config.patience());
}

/// Says which of the options given on the command line the model does not look at.
void warn_of_unused_options(const std::vector<const CLI::Option*>& given, const std::string& model) {
  const auto contains = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string> unused;
  if (model == "paper")
    unused = {"--crop_size", "--mosaic", "--network", "--box_loss", "--score_loss", "--class_weights", "--box_bins"};
  if (model.starts_with("dense")) unused = {"--img_size", "--fit", "--raw_bce", "--outputs_per_example"};
  const bool searches = model == "blob";  // it only tries settings
  const std::vector<std::string> searched{"--model",      "--dataset_path",        "--annotation_file",
                                          "--config",     "--output_dir",          "--seed",
                                          "--box_offset", "--extra_image_folders", "--num_classes"};
  for (const CLI::Option* option : given)
    if (contains(unused, option->get_name()) || (searches && !contains(searched, option->get_name())))
      std::cerr << "warning: " << option->get_name() << " has no effect for --model " << model << '\n';
}

}  // namespace

void add_train_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("train", "Train a detector on a COCO data set");
  auto config = std::make_shared<TrainConfig>();
  auto file = std::make_shared<std::string>();
  command->add_option("--config", *file, "JSON file with any of these options as keys; the command line wins");
  add_train_options(*command, *config);
  command->callback([=] {
    const auto given = std::as_const(*command).get_options([](const CLI::Option* o) { return o->count() > 0; });
    if (!file->empty()) apply_json_options(*command, *file);
    if (config->model != "paper") use_anchor_free_defaults(*command, *config);
    check_config(*config);
    warn_of_unused_options(given, config->model);
    if (config->minutes > 0 && command->get_option("--epochs")->count() > 0)
      std::cerr << "warning: --epochs has no effect beside --minutes\n";
    const auto train = config->model == "paper"  ? train_paper
                       : config->model == "blob" ? train_blob
                                                 : train_anchor_free;
    if (const int code = train(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
