#include "training_run.hpp"

#include "amdefect/coco/folds.hpp"
#include "amdefect/detection/training/training_splits.hpp"
#include "amdefect/inspect/box_layout.hpp"
#include "amdefect/viz/report.hpp"
#include "amdefect/viz/split_report.hpp"
#include "paper/published_results.hpp"

namespace amdefect {

JsonValue identity_of(const TrainConfig& config) { return parse_json(to_json(config, true).dump(), "configuration"); }

DetectorLabels labels_of(const TrainConfig& config, const CocoSplit& split) {
  return labels_of(split, config.offset(), config.num_classes);
}

bool say_if_interrupted(bool interrupted) {
  if (interrupted) std::cout << "interrupted; continue with the same options and --resume\n";
  return interrupted;
}

void write_training_report(const TrainConfig& config, const CocoSplits& splits, const std::vector<EpochLog>& history,
                           const std::optional<DetectorEvaluation>& validation, const PictureSource& pictures) {
  const InterruptDelay delay;
  ReportData report{.title = "Training"};
  if (validation) {
    report = split_report("Training", *splits.valid, validation->results, validation->metrics, pictures);
    report.tables.push_back(
        paper_table(paper_comparison(splits.valid->coco, validation->results, validation->metrics)));
  }
  report.summary = {{"data set", config.dataset_path}, {"epochs", concat(history.size())}};
  report.configuration = key_values(to_json(config));
  report.history = history;
  write_report(std::filesystem::path(config.output_dir) / "report.html", report);
}

CocoSplits read_splits(TrainConfig& config) {
  make_folder(config.output_dir);  // first, so that no time is lost where it cannot be made
  CocoSplits splits = read_coco_splits(config.dataset_path, {.annotation_file = config.annotation_file,
                                                             .seed = config.seed,
                                                             .allow_outside_files = config.allow_outside_files});
  splits = usable_splits(config.fold.empty() ? splits : leave_out(splits, read_fold(config.fold)));
  std::cerr << left_aside_warning(splits) << box_layout_warning(splits.train->coco);
  if (!splits.valid) {
    std::cerr << "warning: there is no validation split with boxes in it; watching the training loss\n";
    config.monitor = "loss";
  }
  if (!config.box_offset) {
    config.box_offset = detect_box_offset(splits.train->coco);
    if (config.offset() != 0)
      std::cout << "boxes are pixel indices (whole numbers up to one less than the image's size): half a pixel is added"
                << " (--box_offset 0 to leave them)\n";
  }
  return splits;
}

}  // namespace amdefect
