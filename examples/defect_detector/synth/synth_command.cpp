#include <iostream>
#include <map>

#include "commands.hpp"
#include "json_options.hpp"
#include "layers/layer_files.hpp"
#include "synth/synth.hpp"

namespace amdefect {

namespace {

const std::map<std::string, Scene> scenes{
    {"workpieces", Scene::workpieces}, {"pores", Scene::pores}, {"printer", Scene::printer}};

/// What is only asked of a file of layers.
struct LayersConfig {
  std::string format = "coco", packing = "lzf", masks = "classes", camera = "uint8";
  Index layers = 100;
};

void add_layers_options(CLI::App& command, LayersConfig& layers) {
  const auto add = option_adder(command);
  add("--format", layers.format, "coco: a folder of pictures; peregrine: a file of layers (HDF5), OUTPUT_DIR/build.h5")
      ->check(CLI::IsMember({"coco", "peregrine"}));
  add("--layers", layers.layers, "Layers of the file (peregrine)")->transform(number_range<Index>(1, 1000000));
  add("--packing", layers.packing, "How it is stored (peregrine)")->check(CLI::IsMember({"lzf", "gzip", "contiguous"}));
  add("--masks", layers.masks, "A mask for each class, or one of numbers of classes (peregrine)")
      ->check(CLI::IsMember({"classes", "labels"}));
  add("--camera", layers.camera, "Numbers of the pictures (peregrine)")->check(CLI::IsMember({"uint8", "float32"}));
}

void write_layers(const LayersConfig& config, const std::string& folder, Index size, const SynthOptions& options) {
  const std::filesystem::path file = std::filesystem::path(folder) / "build.h5";
  write_synth_layers(file, {.shape = {config.layers, size, size},
                            .seed = options.seed,
                            .packing = config.packing,
                            .masks = config.masks,
                            .floats = config.camera == "float32",
                            .overwrite = options.overwrite});
  std::cout << "wrote " << config.layers << " layers of " << size << 'x' << size << " pixels to " << file.string()
            << '\n';
}

}  // namespace

void add_synth_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("synth", "Write a COCO data set of generated pictures");
  auto options = std::make_shared<SynthOptions>();
  auto scene = std::make_shared<std::string>("workpieces");
  auto pores = std::make_shared<bool>(false);
  auto output = std::make_shared<std::string>("output/synth");
  auto size = std::make_shared<Index>(options->width);
  const auto add = option_adder(*command);
  add("--output_dir", *output, "Folder for train/, valid/ and test/");
  CLI::Option* named = add("--scene", *scene, "workpieces and nozzles on a plate, pores in micrographs, or a printer")
                           ->check(CLI::IsMember(scenes));
  command->add_flag("--pores", *pores, "The same as --scene pores")->excludes(named);
  add("--train", options->train, "Pictures to train on (printer: 399)")->transform(number_range(0, 1000000));
  add("--valid", options->valid, "Pictures to validate on (printer: 36)")->transform(number_range(0, 1000000));
  add("--test", options->test, "Pictures to test on (printer: 23)")->transform(number_range(0, 1000000));
  add("--img_size", *size, "Width and height in pixels")->transform(number_range(32, 8192));
  add("--seed", options->seed, "The same seed gives the same files")->transform(seed_range);
  add("--threads", options->threads, "Threads; 0: all cores")->transform(thread_range);
  command->add_flag("--overwrite", options->overwrite, "Replace an earlier generated data set");
  auto layers = std::make_shared<LayersConfig>();
  add_layers_options(*command, *layers);
  command->callback([=] {
    if (layers->format == "peregrine") return write_layers(*layers, *output, *size, *options);
    options->scene = *pores ? Scene::pores : scenes.at(*scene);
    options->width = options->height = *size;
    const auto default_count = [&](const char* name, Index& count, Index value) {
      if (options->scene == Scene::printer && command->count(name) == 0) count = value;
    };
    default_count("--train", options->train, 399);  // as many as the paper has
    default_count("--valid", options->valid, 36);
    default_count("--test", options->test, 23);
    write_synth(*output, *options);
    std::cout << "wrote " << options->train << " / " << options->valid << " / " << options->test
              << " pictures (train / valid / test) to " << *output << '\n';
  });
}

}  // namespace amdefect
