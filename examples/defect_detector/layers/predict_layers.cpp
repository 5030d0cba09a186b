#include "layers/predict_layers.hpp"

#include <iostream>

#include "amdefect/io/terminal.hpp"
#include "amdefect/viz/predict_layers.hpp"
#include "json_options.hpp"
#include "layers/layer_files.hpp"
#include "sensors/sensor_data.hpp"

namespace amdefect {

void add_predict_layers_options(CLI::App& command, PredictLayersConfig& config) {
  const auto add = option_adder(command);
  add("--layers", config.layers, "Of a file of layers (.h5): FROM:TO or FROM:TO:STEP; default: all");
  add("--channels", config.channels, "Of a file of layers: cameras; default: as in training")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_sensor_option(command, config.sensors);
}

int predict_layer_file(const Detector& detector, const std::filesystem::path& file, const std::filesystem::path& output,
                       const DetectOptions& detect, bool overwrite, const PredictLayersConfig& config) {
  const Build build = open_layer_file(
      file, options_for(detector.traits().sensors,
                        {.channels = config.channels, .registrations = registrations_of(config.sensors)}));
  if (const std::vector<std::string> missing = build.missing_channels(); !missing.empty())
    std::cerr << "note: " << file.string() << ": " << missing_channels_text(missing) << '\n';
  InterruptFlag stop;
  const InterruptGuard guard(stop);
  PredictLayersOptions options{.detect = detect,
                               .range = read_layer_range(config.layers, build.shape()[0]),
                               .subtitle = file.string(),
                               .overwrite = overwrite,
                               .stop = &stop};
  options.detect.min_score = detect.min_score.value_or(detector.score_threshold());
  options.progress = show_count(std::cerr, "detecting: layer ");
  const PredictedLayers done = predict_layers(detector, build, output, options);
  if (done.interrupted) {
    std::cerr << (is_terminal(std::cerr) ? "\n" : "") << "amdefect: interrupted after " << done.layers
              << " layers; no lists were written\n";
    return interrupted_code;
  }
  std::cout << quantity(done.layers, "layer") << ", " << quantity(done.objects, "object")
            << "; written: detections.csv, detections.json, predictions.html in " << output.string() << '\n';
  return 0;
}

}  // namespace amdefect
