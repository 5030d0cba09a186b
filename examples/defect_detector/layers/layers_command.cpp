#include "layers/layers_command.hpp"

#include <iostream>

#include "amdefect/core/number_text.hpp"
#include "amdefect/layers/layer_export.hpp"
#include "json_options.hpp"
#include "layers/layer_files.hpp"

namespace amdefect {

namespace {

struct ExportConfig {
  std::string file, layers, output;
  std::vector<std::string> channels, classes;
  MaskBoxOptions boxes;
};

void info(const std::string& file) { std::cout << printable(file) << '\n' << describe_layer_file(file) << std::flush; }

void run_export(const ExportConfig& config) {
  const Build build = open_layer_file(config.file, {.channels = config.channels, .need_masks = true});
  const LayerRange range = read_layer_range(config.layers, build.shape()[0]);
  const std::vector<std::string> classes = config.classes.empty() ? defect_classes(build) : config.classes;
  const std::vector<LayerBox> boxes = find_boxes(build, classes, config.boxes, range);
  const CocoDataset coco = export_layers(build, range, classes, boxes, config.output);
  std::cout << "wrote " << quantity(static_cast<Index>(coco.images.size()), "layer") << " with "
            << quantity(static_cast<Index>(coco.annotations.size()), "object") << " to " << config.output << '\n';
}

}  // namespace

void add_mask_box_options(CLI::App& command, Index& least_area, Index& join, const std::string& group) {
  const auto add = option_adder(command);
  add("--least_area", least_area, "Pixels of a mask's region that is an object")
      ->transform(number_range<Index>(1))
      ->group(group);
  add("--join", join, "Regions at most so many pixels apart are one object; -1: none are joined")
      ->transform(number_range<Index>(-1, 10000))
      ->group(group);
}

void add_layers_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("layers", "Look into files of layers (Peregrine's HDF5)");
  command->require_subcommand(1);
  CLI::App* told = command->add_subcommand("info", "What a file holds");
  auto file = std::make_shared<std::string>();
  told->add_option("FILE", *file, "HDF5 file")->required();
  told->callback([=] { info(*file); });

  CLI::App* exported = command->add_subcommand("export", "Write layers as a COCO data set");
  auto config = std::make_shared<ExportConfig>();
  exported->add_option("FILE", config->file, "HDF5 file")->required();
  const auto add = option_adder(*exported);
  add("--layers", config->layers, "FROM:TO or FROM:TO:STEP, counted from 0; default: all");
  add("--coco", config->output, "Folder for pictures and _annotations.coco.json")->required();
  add("--channels", config->channels, "Cameras, e.g. visible/0,visible/1; default: all")->delimiter(',');
  add("--classes", config->classes, "Names of classes; default: all but Powder and Printed")->delimiter(',');
  add_mask_box_options(*exported, config->boxes.least_area, config->boxes.join);
  exported->callback([=] { run_export(*config); });
}

}  // namespace amdefect
