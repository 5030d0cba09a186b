#include <filesystem>
#include <iostream>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/viz/predict_images.hpp"
#include "commands.hpp"
#include "detect_options.hpp"
#include "layers/layer_files.hpp"
#include "layers/predict_layers.hpp"
#include "sensors/sensor_data.hpp"

namespace amdefect {

namespace {

struct PredictConfig {
  std::vector<std::filesystem::path> inputs;
  std::string weights, output_dir = "output/predictions";
  int threads = 0;
  PredictImagesOptions options;
  PredictLayersConfig layers;
};

int predict(PredictConfig config) {
  const bool layers = config.inputs.size() == 1 && is_layer_file(config.inputs.front());
  if (!layers) static_cast<void>(find_images(config.inputs));  // says what is not there before the weights are read
  if (config.weights.empty()) {
    const bool trained = is_there("output/best.safetensors");
    config.weights = trained ? "output/best.safetensors" : "lpbf";
    std::cout << "no --weights given: using " << (trained ? "" : "the ready model ") << config.weights << '\n';
  }
  const auto detector = open_detector(config.weights, {.threads = config.threads});
  PredictImagesOptions& options = config.options;
  const FurtherChannels further =
      further_channels_of(layers, config.layers.sensors, detector->traits().sensors, options.extra_image_folders);
  if (layers)
    return predict_layer_file(*detector, config.inputs.front(), config.output_dir, options.detect, options.overwrite,
                              config.layers);
  InterruptFlag stop;
  const InterruptGuard guard(stop);  // before there are temporary files
  options.subtitle = config.weights;
  options.extra_image_folders = further.folders;
  options.sensors = further.reader;
  options.stop = &stop;
  options.log = [](const std::string& line) { std::cout << line << '\n'; };
  options.error = [](const std::string& line) { std::cerr << "amdefect: error: " << line << '\n'; };
  const PredictedImages done = predict_images(*detector, config.inputs, config.output_dir, options);
  if (done.interrupted) {
    std::cerr << "amdefect: interrupted after " << done.images << " of " << done.given
              << " images; no lists were written\n";
    return interrupted_code;
  }
  std::cout << quantity(done.images, "image") << ", " << quantity(done.objects, "object")
            << "; written: images.json, detections.csv, detections.json" << (options.page ? ", predictions.html" : "")
            << " in " << config.output_dir << '\n';
  return done.failed > 0 ? 1 : 0;
}

}  // namespace

void add_predict_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("predict", "Find objects in images and draw them");
  auto config = std::make_shared<PredictConfig>();
  PredictImagesOptions& options = config->options;
  command->add_option("images", config->inputs, "Images (JPEG, PNG, BMP) or folders of them")->required();
  const auto add = option_adder(*command);
  add("--weights", config->weights,
      "Folder of a run, weights file, or ready model (lpbf); default: output/best.safetensors if it is there, or lpbf");
  add("--output_dir", config->output_dir, "Folder for the pictures, detections.json, images.json and detections.csv");
  add("--extra_image_folders", options.extra_image_folders, "Folders with a further channel of each image");
  command
      ->add_option("--score_threshold", options.detect.min_score,
                   "Lowest score that is shown; default: the one stored with the weights")
      ->transform(number_range(0.0, 1.0));
  add_detect_options(*command, options.detect);
  add_predict_layers_options(*command, config->layers);
  command->add_flag("--html", options.page,
                    concat("Also write predictions.html, a page of the first ", most_on_page, " images with boxes"));
  command->add_flag("--pictures,!--no_pictures", options.pictures, "Write each image with its boxes (default)");
  command->add_flag("--overwrite", options.overwrite, "Replace earlier predictions in the output folder");
  add("--threads", config->threads, "Threads; 0: all cores")->transform(thread_range);
  command->callback([config] {
    if (const int code = predict(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
