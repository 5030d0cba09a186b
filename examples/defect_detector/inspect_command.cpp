#include <filesystem>
#include <iostream>
#include <memory>

#include "amdefect/inspect/inspection.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/viz/inspection_page.hpp"
#include "commands.hpp"
#include "json_options.hpp"

namespace amdefect {

namespace {

struct InspectConfig {
  std::string dataset, output_dir;
  std::uint64_t seed = 0;
  int threads = 0;
};

int inspect(const InspectConfig& config) {
  const Inspection inspection = inspect_data(
      read_coco_splits(config.dataset, {.seed = config.seed, .allow_missing_images = true}), config.threads);
  std::cout << to_text(inspection);
  if (!config.output_dir.empty()) {
    const std::filesystem::path output = config.output_dir;
    make_folder(output);
    write_inspection(output / "inspection.html", inspection, {.subtitle = config.dataset, .seed = config.seed});
    std::cout << "written: inspection.html in " << output.string() << '\n';
  }
  return inspection.has_unusable_images() ? 1 : 0;
}

}  // namespace

void add_inspect_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("inspect", "Look for mistakes in a COCO data set");
  auto config = std::make_shared<InspectConfig>();
  command->add_option("--dataset_path,DATASET", config->dataset, "A folder with splits, or one JSON file")->required();
  command->add_option("--output_dir", config->output_dir,
                      "Folder for inspection.html, a page of plots and pictures; without it there is only text");
  command->add_option("--seed", config->seed, "Of the split of a single annotation file, and of images at random")
      ->transform(seed_range)
      ->capture_default_str();
  command->add_option("--threads", config->threads, "Threads; 0: all cores")
      ->transform(thread_range)
      ->capture_default_str();
  command->callback([config] {
    if (const int code = inspect(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
