#include <iostream>

#include "commands.hpp"
#include "json_options.hpp"
#include "synth/synth.hpp"

namespace amdefect {

void add_synth_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("synth", "Write a COCO data set of generated pictures");
  auto options = std::make_shared<SynthOptions>();
  auto output = std::make_shared<std::string>("output/synth");
  auto size = std::make_shared<Index>(options->width);
  const auto add = option_adder(*command);
  add("--output_dir", *output, "Folder for train/, valid/ and test/");
  add("--train", options->train, "Pictures to train on")->transform(number_range(0, 1000000));
  add("--valid", options->valid, "Pictures to validate on")->transform(number_range(0, 1000000));
  add("--test", options->test, "Pictures to test on")->transform(number_range(0, 1000000));
  add("--img_size", *size, "Width and height in pixels")->transform(number_range(32, 8192));
  add("--seed", options->seed, "The same seed gives the same files")->transform(seed_range);
  add("--threads", options->threads, "Threads; 0: all cores")->transform(thread_range);
  command->add_flag("--pores", options->pores, "Micrographs of metal with pores, not nozzles and workpieces");
  command->add_flag("--overwrite", options->overwrite, "Replace an earlier generated data set");
  command->callback([=] {
    options->width = options->height = *size;
    write_synth(*output, *options);
    std::cout << "wrote " << options->train << " / " << options->valid << " / " << options->test
              << " pictures (train / valid / test) to " << *output << '\n';
  });
}

}  // namespace amdefect
