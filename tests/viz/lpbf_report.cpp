// lpbf_report OUTPUT_DIR: a report of real annotations (lpbf/valid) with disturbed copies of them as detections
// (coco/02_real_valid_mid_noise), to be looked at with scripts/screenshot.sh. The environment variable
// AMDEFECT_TEST_DATA names the folder of both.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/viz/report.hpp"

namespace {

namespace fs = std::filesystem;
using namespace amdefect;

/// Curves of the usual shape, and the rate of a plateau schedule.
std::vector<EpochLog> example_history() {
  std::vector<EpochLog> history;
  Random random(7);
  for (Index epoch = 1; epoch <= 37; ++epoch) {
    const double decay = std::exp(-static_cast<double>(epoch) / 9), noise = 0.06 * random.uniform();
    EpochLog log{.epoch = epoch, .epochs = 50};
    log.values = {{"loss", 0.004 + 0.09 * decay},
                  {"classification", 0.0035 + 0.07 * decay},
                  {"box", 0.0005 + 0.02 * decay},
                  {"val_loss", 0.007 + 0.085 * decay * (1 + noise)},
                  {"val_classification", 0.0055 + 0.06 * decay * (1 + noise)},
                  {"val_box", 0.0015 + 0.025 * decay * (1 + noise)},
                  {"learning_rate", 1e-4 * std::pow(0.5, static_cast<double>((epoch - 1) / 9))}};
    if (epoch % 3 == 0) log.values.emplace_back("mAP50", 0.55 * (1 - decay) - 0.1 * noise);
    history.push_back(log);
  }
  return history;
}

}  // namespace

int main(int argc, char** argv) try {
  const char* outside = std::getenv("AMDEFECT_TEST_DATA");
  if (argc != 2 || outside == nullptr) {
    std::cerr << "usage: AMDEFECT_TEST_DATA=DIR lpbf_report OUTPUT_DIR\n";
    return 2;
  }
  const fs::path lpbf = fs::path(outside) / "lpbf", coco = fs::path(outside) / "coco/02_real_valid_mid_noise";
  const fs::path output = argv[1];
  const CocoDataset dataset = read_coco_annotations(coco / "gt.json", CocoStrictness::evaluation);
  const std::vector<CocoResult> results = read_coco_results(coco / "dt.json");
  ReportData data{.title = "Defects in laser powder bed fusion",
                  .subtitle = "validation images with disturbed annotations as detections"};
  data.summary = {{"data set", "lpbf/valid"}, {"example", "not a trained network"}};
  data.configuration = {
      {"dataset_path", lpbf.string()}, {"img_size", "416"},      {"batch_size", "8"},  {"epochs", "50"},
      {"learning_rate", "0.0001"},     {"early_stopping", "10"}, {"num_classes", "2"}, {"eval_interval", "3"}};
  data.history = example_history();
  data.class_names = class_names(dataset);
  data.evaluation = measure_detections(dataset, results);
  const auto load = [&](const CocoImage& image) { return load_image(lpbf / "valid/images" / image.file_name); };
  data.gallery = select_gallery(dataset, results, load);
  write_report(output / "report.html", data);

  std::vector<GalleryItem> predictions = data.gallery;
  for (GalleryItem& item : predictions) {
    item.group.clear();
    item.truths.clear();
    for (GalleryDetection& found : item.detections) found.verdict = Verdict::unknown;
  }
  write_gallery(output / "predictions.html", "Predictions", "a folder of new images", predictions, data.class_names);
  std::cout << (output / "report.html").string() << ' ' << fs::file_size(output / "report.html") << " bytes\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "lpbf_report: " << error.what() << '\n';
  return 1;
}
