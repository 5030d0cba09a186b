#include <iostream>

#include "amdefect/viz/review_run.hpp"
#include "commands.hpp"
#include "detect_options.hpp"

namespace amdefect {

void add_review_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("review", "Rank what is probably wrong with annotations");
  auto request = std::make_shared<ReviewRequest>();
  const auto add = option_adder(*command);
  add("dataset", request->dataset, "COCO data set: a folder with splits, or one JSON file");
  add("--weights", request->weights, "Models; each image is judged by the first one that was not trained on it")
      ->allow_extra_args(false);
  add("--detections", request->detections,
      "In their place a COCO results file of models that have not seen the images");
  add("--extra_image_folders", request->extra_image_folders, "Folders with a further channel of each image");
  add("--split", request->split, "train, valid or test; default: train, or all of one file")
      ->check(CLI::IsMember({"train", "valid", "test"}));
  add("--output_dir", request->output_dir, "Folder for the page, suggestions and detections");
  add("--pictures", request->pictures, "Most suggestions on the page")->transform(number_range<std::size_t>(0, 100000));
  add("--apply", request->apply, "Do what was decided: the file that the page has written");
  add("--output", request->output, "Where --apply writes the corrected annotations");
  add_detect_options(*command, request->detect);
  add("--threads", request->threads, "Threads; 0: all cores")->transform(thread_range);
  command->add_flag("--allow_outside_files", request->allow_outside_files, allow_outside_files_help);
  command->add_flag("--overwrite", request->overwrite, "Replace an earlier review, or --output");
  command->callback([request] { run_review(*request, std::cout, std::cerr); });
}

}  // namespace amdefect
