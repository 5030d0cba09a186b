#include <filesystem>
#include <iostream>
#include <optional>

#include "amdefect/coco/coco_eval_json.hpp"
#include "amdefect/coco/coco_json.hpp"
#include "amdefect/coco/groups_by_name.hpp"
#include "amdefect/core/interrupt.hpp"
#include "amdefect/detection/evaluate.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/io/terminal.hpp"
#include "amdefect/io/weights_file.hpp"
#include "amdefect/viz/group_table.hpp"
#include "amdefect/viz/history_json.hpp"
#include "amdefect/viz/report.hpp"
#include "amdefect/viz/split_report.hpp"
#include "commands.hpp"
#include "detect_options.hpp"
#include "json_options.hpp"
#include "layers/layer_data.hpp"
#include "paper/published_results.hpp"

namespace amdefect {

namespace {

struct EvalConfig {
  std::string dataset_path, annotation_file, split, beside, group_by;
  std::string weights = "output/best.safetensors", output_dir = "output/eval";
  bool overwrite = false, allow_outside_files = false;
  std::optional<double> score_threshold;
  double min_score = default_min_score;
  DetectOptions detect;
  LayerConfig layers;
  SensorConfig sensors;
  std::vector<Index> max_dets{1, 10, 100};
  std::vector<std::string> extra_image_folders;
  std::uint64_t seed = 0;
  int threads = 0;
};

void run(const EvalConfig& config) {
  require(!config.dataset_path.empty() || !config.annotation_file.empty(),
          "eval: no data set; give its folder (amdefect eval DATASET) or the key dataset_path in --config");
  const auto detector = open_detector(config.weights, {.threads = config.threads});
  DetectOptions options = config.detect;
  options.min_score = config.min_score;
  detector->check_options(options);
  if (!config.beside.empty()) static_cast<void>(read_bytes(config.beside));  // fails before the work
  RunFolder folder(config.output_dir, evaluation_run, config.overwrite ? EarlierRun::replace : EarlierRun::refuse);
  const SensorTraits& trained = detector->traits().sensors;
  const LayeredData layers = layered_data_of(config.dataset_path, config.layers, config.sensors, trained);
  const FurtherChannels further =
      further_channels_of(static_cast<bool>(layers.pictures), config.sensors.file, trained, config.extra_image_folders);
  CocoSplits splits = layers.splits;
  if (!layers.pictures)
    splits = read_coco_splits(config.dataset_path,
                              {.annotation_file = config.annotation_file,
                               .seed = config.seed,
                               .allow_outside_files = config.allow_outside_files,
                               .first_of = config.split.empty() ? evaluation_splits : std::vector{config.split}});
  std::cerr << left_aside_warning(splits);
  if (auto known = layers.pictures ? std::nullopt : split_as_trained(splits, detector->images())) {
    splits = std::move(*known);
    std::cerr << "note: the images are split as they were when the model was trained, whatever the seed\n";
  }
  const CocoSplit& split = config.split.empty() ? splits.evaluation_split() : splits.at(config.split);
  std::vector<std::string> group_of;
  if (!config.group_by.empty()) group_of = groups_by_name(split.coco, config.group_by);  // before the work
  tell_missing(further, split);
  const PictureSource pictures = further.reader ? sensor_pictures(further.reader) : layers.pictures;
  const std::filesystem::path& output = folder.path();
  const DetectorEvaluation found = evaluate(*detector, split,
                                            {.detect = options,
                                             .score_threshold = config.score_threshold,
                                             .max_dets = config.max_dets,
                                             .extra_image_folders = further.folders,
                                             .pictures = pictures,
                                             .progress = show_count(std::cerr, "detecting: ")});
  const std::vector<CocoResult>& results = found.results;

  Comparison comparison = paper_comparison(split.coco, results, found.metrics);
  if (!config.beside.empty()) add_other_run(comparison, config.beside);
  ReportData report = split_report("Evaluation", split, results, found.metrics, pictures);
  report.tables.push_back(paper_table(comparison));
  nlohmann::ordered_json metrics = metrics_json(split.coco, results, found.metrics);
  metrics["pooled_ap50"] = to_json(paper_pooled_ap(split.coco, results, found.metrics.match.score_threshold));
  std::vector<GroupMetrics> groups;
  if (!group_of.empty()) {
    groups = measure_groups(split.coco, results, group_of, found.metrics.match);
    report.tables.push_back(group_table(groups));
    metrics["groups"] = to_json(groups);
  }
  if (!found.trained_on.empty()) {
    std::cerr << "warning: " << found.warning() << '\n';
    metrics["images_trained_on"] = found.trained_on.size();
  }
  const InterruptDelay delay;
  folder.begin();
  write_coco_results(output / "detections.json", results);
  write_text_file(output / "metrics.json", metrics.dump(1) + "\n");
  report.summary = {{"weights", config.weights}, {"data set", splits.root.string()}, {"split", split.name}};
  if (!found.trained_on.empty()) report.summary.emplace_back("warning", found.warning());
  report.configuration =
      key_values(nlohmann::ordered_json::parse(read_safetensors(config.weights).metadata().at(description_key)));
  report.history = read_history(std::filesystem::path(config.weights).parent_path() / "history.json");
  write_report(output / "report.html", report);

  if (has_annotation_0(split.coco))
    std::cerr << "warning: the annotation with id 0 counts as not found, as in pycocotools ('amdefect coco-eval "
                 "--fix_known_bugs' on detections.json counts it)\n";
  std::cout << split.name << " split: " << quantity(split.size(), "image") << ", "
            << quantity(split.coco.annotations.size(), "object") << ", " << quantity(results.size(), "detection")
            << "\n\n"
            << to_text(comparison) << '\n'
            << to_text(found.metrics) << to_text(groups)
            << "\nwritten: metrics.json, detections.json and report.html in " << output.string() << '\n';
}

}  // namespace

void add_eval_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("eval", "Measure a trained network on a COCO data set");
  auto config = std::make_shared<EvalConfig>();
  auto file = std::make_shared<std::string>();
  command->add_option("--config", *file, "JSON file with any of these options as keys; the command line wins");
  const auto add = option_adder(*command);
  add("--dataset_path,DATASET", config->dataset_path, "COCO data set: a folder with splits, or one JSON file");
  add("--annotation_file", config->annotation_file, "One annotation file, split by the seed");
  add("--weights", config->weights, "Folder of a run, weights file written by train, or ready model (lpbf)");
  add("--output_dir", config->output_dir, "Folder for metrics and detections");
  add("--split", config->split, "train, valid or test; default: test, or valid without it")
      ->check(CLI::IsMember({"train", "valid", "test"}));
  command
      ->add_option("--score_threshold", config->score_threshold,
                   "Lowest score for precision, recall, F1 and confusion; default: the one stored with the weights")
      ->transform(number_range(0.0, 1.0));
  add("--min_score", config->min_score, "Lowest score that takes part in the ranking for AP")
      ->transform(number_range(0.0, 1.0));
  add_detect_options(*command, config->detect);
  add_layer_options(*command, config->layers);
  add_sensor_option(*command, config->sensors.file);
  add("--max_dets", config->max_dets, "Limits of detections per image and category")
      ->delimiter(',')
      ->transform(number_range<Index>(0))
      ->expected(-3)
      ->allow_extra_args(false);
  add("--beside", config->beside, "metrics.json of another run on this split, shown beside this one");
  add("--group_by", config->group_by,
      "Also measure groups of images: a regular expression, whose first parentheses in the file's name are the group");
  add("--extra_image_folders", config->extra_image_folders, "Folders with a further channel of each image");
  add("--seed", config->seed, "Of the split of a single annotation file, for models that do not know it")
      ->transform(seed_range);
  add("--threads", config->threads, "Threads; 0: all cores")->transform(thread_range);
  command->add_flag("--allow_outside_files", config->allow_outside_files, allow_outside_files_help);
  command->add_flag("--overwrite", config->overwrite, "Replace an earlier evaluation in the output folder");
  command->callback([=] {
    if (!file->empty()) apply_json_options(*command, *file, {{"dataset_path", "annotation_file"}});
    config->weights = weights_file(config->weights).string();
    run(*config);
  });
}

}  // namespace amdefect
