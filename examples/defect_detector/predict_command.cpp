#include <filesystem>
#include <iostream>
#include <optional>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/detection/prediction_files.hpp"
#include "amdefect/image/draw_detections.hpp"
#include "amdefect/image/find_images.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/image/picture_names.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/viz/gallery_page.hpp"
#include "commands.hpp"
#include "detect_options.hpp"

namespace amdefect {

namespace {

struct PredictConfig {
  std::vector<std::filesystem::path> inputs;
  std::string weights = "output/best.safetensors", output_dir = "output/predictions";
  std::optional<double> score_threshold;
  DetectOptions detect;
  int threads = 0;
  bool html = false, pictures = true;
};

/// The page shows no more images than this, about 20 MB.
constexpr std::size_t most_on_page = 200;

struct Prediction {
  Image image;
  std::vector<Detection> found;
};

/// What is in an image; nothing, after a message, for one that cannot be used: it does not stop the others.
std::optional<Prediction> look_at(const std::filesystem::path& path, const Detector& detector,
                                  const DetectOptions& options) {
  const std::string file = path.string();
  try {
    require<FileError>(detail::is_utf8(file), file, ": its name is not UTF-8, which the lists cannot hold");
    Prediction prediction{load_image(path), {}};
    prediction.found = detector.detect(pixels(prediction.image), options);
    return prediction;
  } catch (const Error& error) {
    std::cerr << "amdefect: error: " << error.what() << '\n';
    return std::nullopt;
  } catch (const std::exception& error) {  // e.g. no memory for a huge one
    std::cerr << "amdefect: error: " << file << ": " << error.what() << '\n';
    return std::nullopt;
  }
}

GalleryItem gallery_item(const std::filesystem::path& file, const Image& image,
                         const std::vector<Detection>& detections) {
  GalleryItem item{.name = file.filename().string(), .picture = make_gallery_picture(image)};
  for (const Detection& detection : detections) item.detections.push_back({detection});
  return item;
}

/// Writes the page of the first images that were looked at.
void write_page(const PredictConfig& config, const std::vector<GalleryItem>& gallery, std::size_t images,
                const DetectorLabels& labels, double threshold) {
  const bool all = gallery.size() == images;
  const std::string limit = all ? "" : concat("; the first ", gallery.size(), " of ", images, " images");
  write_gallery(std::filesystem::path(config.output_dir) / "predictions.html", "Predictions", config.weights + limit,
                gallery, labels.class_names, threshold);
}

int predict(const PredictConfig& config) {
  const std::vector<std::filesystem::path> files = find_images(config.inputs);
  const auto detector = open_detector(config.weights, {.threads = config.threads});
  const DetectorLabels& labels = detector->labels();
  const double threshold = config.score_threshold.value_or(detector->score_threshold());
  DetectOptions options = config.detect;
  options.min_score = threshold;
  detector->check_options(options);
  const std::filesystem::path output = config.output_dir;
  make_folder(output);
  InterruptFlag stop;
  const InterruptGuard guard(stop);  // before there are temporary files
  PredictionFiles lists(output, labels);
  PictureNames names(output, files);
  std::vector<GalleryItem> gallery;
  std::size_t images = 0, objects = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (stop) break;
    const auto prediction = look_at(files[i], *detector, options);
    if (!prediction) continue;
    const auto& [image, found] = *prediction;
    ++images;
    objects += found.size();
    lists.add({static_cast<std::int64_t>(i) + 1, files[i].string(), image.width(), image.height()}, found);
    std::cout << files[i].string() << ": " << found.size() << " objects";
    if (config.pictures) {
      const std::filesystem::path picture = output / names.next(files[i]);
      save_image(picture, draw_detections(image, found, labels.class_names, {.score_threshold = threshold}));
      std::cout << " -> " << picture.string();
    }
    std::cout << '\n';
    if (config.html && gallery.size() < most_on_page) gallery.push_back(gallery_item(files[i], image, found));
  }
  if (stop) {
    std::cerr << "amdefect: interrupted after " << images << " of " << files.size()
              << " images; no lists were written\n";
    return interrupted_code;
  }
  lists.commit();
  if (config.html) write_page(config, gallery, images, labels, threshold);
  std::cout << images << " images, " << objects << " objects; written: images.json, detections.csv, detections.json"
            << (config.html ? ", predictions.html" : "") << " in " << output.string() << '\n';
  return images < files.size() ? 1 : 0;
}

}  // namespace

void add_predict_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("predict", "Find objects in images and draw them");
  auto config = std::make_shared<PredictConfig>();
  command->add_option("images", config->inputs, "Images (JPEG, PNG, BMP) or folders of them")->required();
  command->add_option("--weights", config->weights, "Folder of a run, or weights file written by train")
      ->capture_default_str();
  command
      ->add_option("--output_dir", config->output_dir,
                   "Folder for the pictures, detections.json, images.json and detections.csv")
      ->capture_default_str();
  command
      ->add_option("--score_threshold", config->score_threshold,
                   "Lowest score that is shown; default: the one stored with the weights")
      ->check(CLI::Range(0.0, 1.0));
  add_detect_options(*command, config->detect);
  command->add_flag("--html", config->html,
                    concat("Also write predictions.html, a page of the first ", most_on_page, " images with boxes"));
  command->add_flag("--pictures,!--no_pictures", config->pictures, "Write each image with its boxes (default)");
  command->add_option("--threads", config->threads, "Threads; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->callback([config] {
    if (const int code = predict(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
