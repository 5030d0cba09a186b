#include <iostream>

#include "commands.hpp"
#include "json_options.hpp"
#include "train_options.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

void check_config(const TrainConfig& config) {
  require(!config.dataset_path.empty() || !config.annotation_file.empty(),
          "train: no data set; give its folder (amdefect train DATASET) or the key dataset_path in --config");
  for (const std::string& prefix : config.freeze)
    require(!prefix.empty(), "train: freeze has an empty name, which would freeze everything");
  require(!config.is_anchor_free() || config.monitor != "val_loss", "train: monitor is val_loss, which ", config.model,
          " does not have; expected mAP50 or loss");
  require(config.monitor != "mAP50" || config.eval_interval > 0, "train: monitor mAP50 needs an eval_interval above 0");
  require(!config.is_anchor_free() || config.minutes > 0 || config.epochs > 0,
          "train: nothing to do: epochs and minutes are 0");
  if (!config.network.empty() && (!config.backbone.empty() || config.first_stride != TrainConfig().first_stride))
    throw CLI::ValidationError("train", "beside network, backbone and first_stride are keys of its JSON, not options");
  if (config.is_anchor_free() && config.backbone.empty() && config.first_stride != TrainConfig().first_stride)
    throw CLI::ValidationError("train", "first_stride is for models with a backbone");
  if (config.model == "anchor-free-s" && !config.backbone.empty())
    throw CLI::ValidationError("train", "backbone takes the place of the stages of anchor-free-s: give one of the two");
}

/// Adds what the configuration file says. A file with img_size, which of all models only the paper's network has, and
/// without a model is a configuration of the paper's.
void read_config(CLI::App& command, const std::string& file, TrainConfig& config) {
  const std::set<std::string> keys = apply_json_options(command, file,
                                                        {{"epochs", "minutes"},
                                                         {"minutes", "epochs"},
                                                         {"model", "network"},
                                                         {"dataset_path", "annotation_file"},
                                                         {"pretrained", "resume"}});
  if (!keys.contains("img_size") || command.get_option("--model")->count() > 0) return;
  config.model = "paper";
  std::cout << "the paper's network, because " << file << " has img_size, a key of the paper's configuration; --model "
            << TrainConfig().model << " for the anchor-free detector\n";
}

}  // namespace

void add_train_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("train", "Train a detector on a COCO data set");
  auto config = std::make_shared<TrainConfig>();
  auto file = std::make_shared<std::string>();
  command->add_option("--config", *file, "JSON file with any of these options as keys; the command line wins");
  add_train_options(*command, *config);
  command->callback([=] {
    std::set<std::string> given;
    for (const TrainOption& option : train_options())
      if (command->get_option("--" + option.name)->count() > 0) given.insert(option.name);
    if (!file->empty()) read_config(*command, *file, *config);
    use_model_defaults(*command, *config);
    check_config(*config);
    for (const std::string& name : unused_options(given, *config))
      std::cerr << "warning: --" << name << " has no effect for --model " << config->model << '\n';
    if (config->minutes > 0 && command->get_option("--epochs")->count() > 0)
      std::cerr << "warning: --epochs has no effect beside --minutes\n";
    const auto train = config->is_paper() ? train_paper : config->is_anchor_free() ? train_anchor_free : train_blob;
    if (const int code = train(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
