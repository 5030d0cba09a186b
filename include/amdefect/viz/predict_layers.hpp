#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/core/interrupt.hpp"
#include "amdefect/data/mapped_source.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/io/csv.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/layers/build.hpp"
#include "amdefect/layers/layer_ranges.hpp"
#include "amdefect/viz/height_maps.hpp"

namespace amdefect {

struct PredictLayersOptions {
  DetectOptions detect{};
  LayerRange range{};                   ///< empty: all layers
  std::string subtitle{};               ///< of the page, e.g. the name of the weights
  bool overwrite = false;               ///< replace what an earlier call has written to the folder; else it is refused
  const InterruptFlag* stop = nullptr;  ///< looked at before each layer
  std::function<void(Index done, Index total)> progress{};
};

/// What `predict_layers` did.
struct PredictedLayers {
  Index layers = 0;
  std::size_t objects = 0;
  bool interrupted = false;  ///< then nothing was written
};

namespace detail {

/// A line of detections.csv: the corners in pixels, in millimetres from the corner of the picture, and the height of
/// the layer's top; the millimetres are empty where the file does not tell the size of a pixel.
inline std::string layer_csv_line(Index layer, const Detection& detection, const DetectorLabels& labels,
                                  const LayerGeometry& geometry) {
  const Box& box = detection.box;
  const auto mm = [](double number, double per_pixel) {
    return per_pixel > 0 ? shortest_number(number * per_pixel) : "";
  };
  return csv_line({concat(layer), concat(detection.label),
                   labels.class_names.at(static_cast<std::size_t>(detection.label)), shortest_number(detection.score),
                   shortest_number(box.x1), shortest_number(box.y1), shortest_number(box.x2), shortest_number(box.y2),
                   mm(box.x1, geometry.mm_per_column), mm(box.y1, geometry.mm_per_row),
                   mm(box.x2, geometry.mm_per_column), mm(box.y2, geometry.mm_per_row),
                   mm(static_cast<double>(layer + 1), geometry.mm_per_layer)});
}

/// Numbers where the detector was trained with them, or a sensor is missing; else grey levels.
inline std::vector<Detection> detect_layer(const Detector& detector, const Build& build, Index layer,
                                           const DetectOptions& options) {
  const LayerWindow window = build.whole_layer(layer);
  if (!detector.traits().sensors.own_numbers && build.missing_channels().empty())
    return detector.detect(pixels(build.read(window)), options);
  BasicImage<float> numbers = build.read<float>(window);
  fill_unknown(numbers, detector.traits().pixel_scaling);
  return detector.detect(pixels(numbers), options);
}

}  // namespace detail

/// Finds objects in the layers of a build and writes, into a folder that is this call's alone (see RunFolder):
/// - detections.csv, a line per object with its layer and its box in pixels and millimetres;
/// - detections.json, a COCO results file whose image ids are the numbers of the layers;
/// - predictions.html: how many there are in each layer, and a map over the height for each class.
/// @throws FileError for layers that cannot be read and files that cannot be written, Error for options without
/// meaning and for other channels than the detector was trained with.
inline PredictedLayers predict_layers(const Detector& detector, const Build& build, const std::filesystem::path& folder,
                                      const PredictLayersOptions& options = {}) {
  detector.check_options(options.detect);
  std::vector<std::string> names;
  for (const LayerChannel& channel : build.channels) names.push_back(channel.name);
  require_same_channels(detector, static_cast<Index>(names.size()), names, build.own_numbers);
  const Shape shape = build.shape();
  const LayerRange range = options.range.size() > 0 ? options.range : LayerRange{0, shape[0], 1};
  build.allow_whole_layers();
  RunFolder run(folder, prediction_run, options.overwrite ? EarlierRun::replace : EarlierRun::refuse);
  run.begin();
  AtomicFile csv(folder / "detections.csv");
  CocoResultsFile results(folder / "detections.json");
  csv.write(csv_line(
      {"layer", "label", "class", "score", "x1", "y1", "x2", "y2", "x1_mm", "y1_mm", "x2_mm", "y2_mm", "z_mm"}));
  HeightMaps maps(range, shape[2], detector.labels().class_names);
  PredictedLayers done;
  for (Index layer = range.begin; layer < range.end; layer += range.step) {
    if (options.stop && *options.stop) return {done.layers, done.objects, true};
    const std::vector<Detection> found = detail::detect_layer(detector, build, layer, options.detect);
    for (const Detection& detection : found) {
      results.add(to_coco(detection, layer, detector.labels()));
      csv.write(detail::layer_csv_line(layer, detection, detector.labels(), build.geometry));
    }
    maps.add(layer, found);
    ++done.layers;
    done.objects += found.size();
    if (options.progress) options.progress(done.layers, range.size());
  }
  csv.commit();
  results.commit();
  const std::vector<detail::PageSection> sections{{"height", "Over the height", maps.html()}};
  write_text_file(folder / "predictions.html",
                  detail::page_html("Predictions: " + build.name, options.subtitle, sections));
  return done;
}

}  // namespace amdefect
