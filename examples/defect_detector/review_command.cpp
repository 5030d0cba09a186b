#include <filesystem>
#include <iostream>

#include "amdefect/coco/folds.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/review/decisions.hpp"
#include "amdefect/review/rank_suggestions.hpp"
#include "amdefect/review/suggestion_files.hpp"
#include "amdefect/review/unseen_detections.hpp"
#include "amdefect/viz/review_page.hpp"
#include "commands.hpp"
#include "detect_options.hpp"

namespace amdefect {

namespace {

struct ReviewConfig {
  std::string dataset, split, detections, apply, output_dir = "output/review", output = "corrected.json";
  std::vector<std::string> weights;
  DetectOptions detect{.min_score = default_min_score};
  std::size_t pictures = 200;
  int threads = 0;
  bool overwrite = false, allow_outside_files = false;
};

void apply(const ReviewConfig& config) {
  require(config.overwrite || !is_there(config.output), "review: ", config.output,
          " is there already; --output names another file, --overwrite replaces it");
  const Decisions decisions = read_decisions(config.apply);
  apply_decisions(decisions.annotation_file, decisions.accepted, config.output);
  std::cout << quantity(decisions.accepted.size(), "change") << " of " << decisions.annotation_file.string() << " ("
            << decisions.rejected << " suggestions rejected); written: " << config.output << '\n';
}

/// Of files of other programs, or of the models.
UnseenDetections detections_of(const ReviewConfig& config, const CocoSplit& split) {
  if (!config.detections.empty()) {
    UnseenDetections given{read_coco_results(config.detections), split};
    require_known_references(config.detections, split.coco, given.results, CocoStrictness::training);
    return given;
  }
  std::vector<std::unique_ptr<Detector>> detectors;
  for (const std::string& weights : config.weights)
    detectors.push_back(open_detector(weights, {.threads = config.threads}));
  return detect_unseen(detectors, split, config.detect, [](Index done, Index total) {
    std::cerr << "\rdetecting: " << done << '/' << total << (done == total ? "\n" : "") << std::flush;
  });
}

void review(const ReviewConfig& config) {
  const CocoSplits splits = read_coco_splits(config.dataset, {.allow_outside_files = config.allow_outside_files});
  std::cerr << left_aside_warning(splits);
  const CocoSplit split = config.split.empty() ? images_to_fold(splits) : splits.at(config.split);
  RunFolder folder(config.output_dir, review_run, config.overwrite ? EarlierRun::replace : EarlierRun::refuse);
  const UnseenDetections found = detections_of(config, split);
  const std::vector<Suggestion> suggestions = rank_suggestions(found.judged.coco, found.results);
  if (found.left > 0)
    std::cerr << "note: " << quantity(found.left, "image") << " left out: all models were trained on them\n";
  const InterruptDelay delay;
  folder.begin();
  write_coco_results(folder.path() / "detections.json", found.results);
  write_suggestions(folder.path() / "suggestions.json", found.judged, suggestions);
  write_review_page(folder.path() / "review.html", split.annotation_file.string(), found.judged, suggestions,
                    config.pictures);
  std::cout << to_text(suggestions) << "written: review.html, suggestions.json and detections.json in "
            << config.output_dir << '\n';
}

}  // namespace

void add_review_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("review", "Rank what is probably wrong with annotations");
  auto config = std::make_shared<ReviewConfig>();
  const auto add = option_adder(*command);
  add("dataset", config->dataset, "COCO data set: a folder with splits, or one JSON file");
  add("--weights", config->weights, "Models; each image is judged by the first one that was not trained on it");
  add("--detections", config->detections, "In their place a COCO results file of models that have not seen the images");
  add("--split", config->split, "train, valid or test; default: train, or all of one file")
      ->check(CLI::IsMember({"train", "valid", "test"}));
  add("--output_dir", config->output_dir, "Folder for the page, suggestions and detections");
  add("--pictures", config->pictures, "Most suggestions on the page")->transform(number_range<std::size_t>(0, 100000));
  add("--apply", config->apply, "Do what was decided: the file that the page has written");
  add("--output", config->output, "Where --apply writes the corrected annotations");
  add_detect_options(*command, config->detect);
  add("--threads", config->threads, "Threads; 0: all cores")->transform(thread_range);
  command->add_flag("--allow_outside_files", config->allow_outside_files, allow_outside_files_help);
  command->add_flag("--overwrite", config->overwrite, "Replace an earlier review, or --output");
  command->callback([config] {
    if (!config->apply.empty()) return apply(*config);
    require(!config->dataset.empty() && config->weights.empty() != config->detections.empty(),
            "review: expected DATASET and either --weights or --detections, or --apply");
    review(*config);
  });
}

}  // namespace amdefect
