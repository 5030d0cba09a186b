#include <iostream>
#include <memory>
#include <set>

#include "amdefect/inspect/inspection.hpp"
#include "amdefect/viz/inspection_page.hpp"
#include "commands.hpp"
#include "json_options.hpp"
#include "layers/layer_data.hpp"
#include "train_options.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

/// The options of `amdefect train` that an inspection looks at. It takes all others, too, so that `train` in a command
/// may become `inspect`.
const std::set<std::string> used_options{"dataset_path",  "annotation_file",
                                         "output_dir",    "num_classes",
                                         "box_offset",    "extra_image_folders",
                                         "seed",          "allow_outside_files",
                                         "threads",       "channels",
                                         "layer_classes", "tile",
                                         "least_area",    "join",
                                         "split_by"};

void inspect(const TrainConfig& config) {
  const std::string& dataset = config.dataset_path;
  if (const LayeredData layers = layered_data_of(dataset, config.layers, {}); layers.pictures)
    return print_layer_inspection(layers);
  const CocoSplits splits = read_coco_splits(dataset, {.annotation_file = config.annotation_file,
                                                       .seed = config.seed,
                                                       .allow_missing_images = true,
                                                       .allow_outside_files = config.allow_outside_files});
  std::cerr << left_aside_warning(splits);
  if (splits.train) labels_of(config, *splits.train);
  Inspection inspection = inspect_data(splits, config.threads, config.extra_image_folders);
  if (config.box_offset)  // decided, so that it is no finding
    for (Inspection::Split& split : inspection.splits) split.annotations.box_offset = 0;
  std::cout << to_text(inspection);
  if (!config.output_dir.empty()) {
    make_folder(config.output_dir);
    write_inspection(config.output_dir + "/inspection.html", inspection, {.subtitle = dataset, .seed = config.seed});
    std::cout << "written: inspection.html in " << config.output_dir << '\n';
  }
  if (inspection.has_unusable_images()) throw CLI::RuntimeError(1);
}

}  // namespace

void add_inspect_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("inspect", "Look for mistakes in a COCO data set");
  auto config = std::make_shared<TrainConfig>();
  auto file = std::make_shared<std::string>();
  config->output_dir = "";  // only text
  command->add_option("--config", *file, "JSON file with any options of `train` as keys; the command line wins");
  add_train_options(*command, *config);
  for (const TrainOption& option : train_options())
    if (!used_options.contains(option.name)) command->get_option("--" + option.name)->group("");
  command->callback([=] {
    const std::string output_dir = config->output_dir;  // that of a configuration is the folder of its run
    if (!file->empty()) apply_json_options(*command, *file, {{"dataset_path", "annotation_file"}});
    config->output_dir = output_dir;
    inspect(*config);
  });
}

}  // namespace amdefect
