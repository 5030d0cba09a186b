#include <iostream>
#include <memory>

#include "amdefect/inspect/inspection.hpp"
#include "amdefect/viz/inspection_page.hpp"
#include "commands.hpp"
#include "json_options.hpp"

namespace amdefect {

namespace {

struct InspectConfig {
  std::string dataset, annotation_file, output_dir;
  std::vector<std::string> extra_image_folders;
  std::uint64_t seed = 0;
  int threads = 0;
  bool allow_outside_files = false;
};

void inspect(const InspectConfig& config) {
  const CocoSplits splits = read_coco_splits(config.dataset.empty() ? config.annotation_file : config.dataset,
                                             {.annotation_file = config.dataset.empty() ? "" : config.annotation_file,
                                              .seed = config.seed,
                                              .allow_missing_images = true,
                                              .allow_outside_files = config.allow_outside_files});
  std::cerr << left_aside_warning(splits);
  const Inspection inspection = inspect_data(splits, config.threads, config.extra_image_folders);
  std::cout << to_text(inspection);
  if (!config.output_dir.empty()) {
    make_folder(config.output_dir);
    write_inspection(config.output_dir + "/inspection.html", inspection,
                     {.subtitle = config.dataset, .seed = config.seed});
    std::cout << "written: inspection.html in " << config.output_dir << '\n';
  }
  if (inspection.has_unusable_images()) throw CLI::RuntimeError(1);
}

}  // namespace

void add_inspect_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("inspect", "Look for mistakes in a COCO data set");
  auto config = std::make_shared<InspectConfig>();
  const auto add = [&](const char* name, auto& value, const char* text) {
    return command->add_option(name, value, text)->capture_default_str();
  };
  add("--dataset_path,DATASET", config->dataset, "A folder with splits, or one JSON file");
  add("--annotation_file", config->annotation_file, "One annotation file, split by the seed");
  add("--extra_image_folders", config->extra_image_folders, "Folders with a further channel of each image");
  add("--output_dir", config->output_dir, "Folder for inspection.html, a page of plots and pictures; else only text");
  add("--seed", config->seed, "Of the split of a single annotation file, and of images at random")
      ->transform(seed_range);
  add("--threads", config->threads, "Threads; 0: all cores")->transform(thread_range);
  command->add_flag("--allow_outside_files", config->allow_outside_files, allow_outside_files_help);
  command->callback([config] { inspect(*config); });
}

}  // namespace amdefect
