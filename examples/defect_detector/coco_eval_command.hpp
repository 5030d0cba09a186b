#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "amdefect/coco/coco_eval_run.hpp"
#include "json_options.hpp"

namespace amdefect {

/// Adds `coco-eval` to the program; it runs when the command line is parsed.
inline void add_coco_eval_command(CLI::App& app) {
  const auto request = std::make_shared<CocoEvalRequest>();
  CocoEvalOptions& options = request->options;
  CLI::App* const command = app.add_subcommand("coco-eval", "Evaluate COCO detections as pycocotools does");
  command->add_option("--annotations", request->annotations, "COCO annotation file")->required();
  command->add_option("--detections", request->detections, "COCO results file")->required();
  command
      ->add_option("--max_dets", options.max_dets,
                   "Three or more limits for the detections per image and category, separated by commas")
      ->delimiter(',')
      ->transform(number_range<Index>(0))
      ->allow_extra_args(false)
      ->capture_default_str();
  command->add_option("--use_cats", options.use_categories, "0: any category may match any other")
      ->check(CLI::IsMember({"0", "1"}))
      ->capture_default_str();
  command->add_option("--output", request->output, "Write all results as JSON to this file");
  command->add_option("--threads", options.threads, "Threads, 0 for all cores")
      ->transform(thread_range)
      ->capture_default_str();
  command->add_flag("--fix_known_bugs", options.fix_known_bugs,
                    "Match annotations with id 0, and give AP at the last of --max_dets");
  command->add_flag("--strict", request->strict, "Refuse annotations and detections of unknown images or categories");
  command->callback([request] { run_coco_eval(*request, std::cout, std::cerr); });
}

}  // namespace amdefect
