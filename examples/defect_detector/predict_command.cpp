#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <optional>
#include <set>

#include "amdefect/data/coco_json.hpp"
#include "amdefect/data/draw.hpp"
#include "amdefect/data/image_io.hpp"
#include "amdefect/viz/gallery_page.hpp"
#include "commands.hpp"
#include "detect_options.hpp"
#include "evaluation.hpp"
#include "paper_detector.hpp"
#include "precompiled.hpp"

namespace amdefect {

namespace {

struct PredictConfig {
  std::vector<std::string> inputs;
  std::string weights = "output/best.safetensors", output_dir = "output/predictions";
  std::optional<double> score_threshold;
  DetectOptions detect;
  int threads = 0;
  bool html = false;
};

bool is_image_file(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::set<std::string>{".jpg", ".jpeg", ".png", ".bmp"}.contains(extension);
}

/// Files as given, and all images of folders, sorted. @throws FileError for an input that does not exist.
std::vector<std::filesystem::path> find_images(const std::vector<std::string>& inputs) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path input : inputs) {
    require<FileError>(std::filesystem::exists(input), "predict: there is no file or folder ", input.string());
    if (!std::filesystem::is_directory(input)) {
      files.push_back(input);
      continue;
    }
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(input))
      if (entry.is_regular_file() && is_image_file(entry.path())) found.push_back(entry.path());
    require<FileError>(!found.empty(), "predict: the folder ", input.string(), " holds no JPEG, PNG or BMP images");
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

/// A name in the output folder that no earlier image took: images of several folders may be called the same.
std::string output_name(const std::filesystem::path& image, std::set<std::string>& taken) {
  std::string name = image.stem().string();
  for (int number = 2; !taken.insert(name).second; ++number) name = concat(image.stem().string(), "_", number);
  return name + ".png";
}

Image annotate(const Image& image, const std::vector<Detection>& detections, const DetectorLabels& labels) {
  Image picture = to_rgb(image);
  std::vector<DrawnBox> boxes;
  for (const Detection& detection : detections) {
    std::ostringstream text;
    text << labels.class_names.at(static_cast<std::size_t>(detection.label)) << ' ' << std::fixed
         << std::setprecision(2) << detection.score;
    boxes.push_back({detection.box, text.str(), class_color(detection.label)});
  }
  draw_boxes(picture, boxes);
  return picture;
}

GalleryItem gallery_item(const std::filesystem::path& file, const Image& image,
                         const std::vector<Detection>& detections) {
  GalleryItem item{.name = file.filename().string(), .picture = make_gallery_picture(image)};
  for (const Detection& detection : detections) item.detections.push_back({detection});
  return item;
}

int predict(const PredictConfig& config) {
  const std::vector<std::filesystem::path> files = find_images(config.inputs);
  const auto detector = open_detector(config.weights, {.threads = config.threads});
  const double threshold = config.score_threshold.value_or(detector->score_threshold());
  DetectOptions options = config.detect;
  options.min_score = threshold;
  detector->check_options(options);
  const std::filesystem::path output = config.output_dir;
  std::filesystem::create_directories(output);
  std::vector<CocoResult> results;
  std::set<std::string> taken;
  std::vector<GalleryItem> gallery;
  int failures = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      const Image image = load_image(files[i]);
      const auto found = detector->detect(pixels(image), options);
      const std::string name = output_name(files[i], taken);
      save_image(output / name, annotate(image, found, detector->labels()));
      for (const Detection& detection : found)
        results.push_back(to_coco(detection, static_cast<std::int64_t>(i) + 1, detector->labels()));
      if (config.html) gallery.push_back(gallery_item(files[i], image, found));
      std::cout << files[i].string() << ": " << found.size() << " objects -> " << (output / name).string() << '\n';
    } catch (const Error& error) {  // one broken image does not stop the others
      std::cerr << "amdefect: error: " << error.what() << '\n';
      ++failures;
    }
  }
  write_coco_results(output / "detections.json", results);
  if (config.html)
    write_gallery(output / "predictions.html", "Predictions", config.weights, gallery, detector->labels().class_names,
                  threshold);
  std::cout << files.size() - static_cast<std::size_t>(failures) << " images, " << results.size()
            << " objects; image ids in " << (output / "detections.json").string() << " count the images above from 1\n";
  return failures > 0 ? 1 : 0;
}

}  // namespace

void add_predict_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("predict", "Find objects in images and draw them");
  auto config = std::make_shared<PredictConfig>();
  command->add_option("images", config->inputs, "Images (JPEG, PNG, BMP) or folders of them")->required();
  command->add_option("--weights", config->weights, "Weights file written by train")->capture_default_str();
  command->add_option("--output_dir", config->output_dir, "Folder for the pictures and detections.json")
      ->capture_default_str();
  command
      ->add_option("--score_threshold", config->score_threshold,
                   "Lowest score that is shown; default: the one stored with the weights")
      ->check(CLI::Range(0.0, 1.0));
  add_detect_options(*command, config->detect);
  command->add_flag("--html", config->html, "Also write predictions.html, a page of all images with their boxes");
  command->add_option("--threads", config->threads, "Threads; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->callback([config] {
    if (const int code = predict(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
