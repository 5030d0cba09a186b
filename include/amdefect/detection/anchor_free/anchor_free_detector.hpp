#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "amdefect/boxes/tiles.hpp"
#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/detection/anchor_free/decode.hpp"
#include "amdefect/detection/anchor_free/flip_averaging.hpp"
#include "amdefect/image/letterbox.hpp"
#include "amdefect/image/resize.hpp"
#include "amdefect/image/zoom.hpp"
#include "amdefect/nn/weights.hpp"
#include "amdefect/nn/workspace.hpp"

namespace amdefect {

/// A trained anchor-free network that finds objects in images of any size.
class AnchorFreeDetector final : public Detector {
 public:
  /// The network must be that of the description's model, and stay.
  AnchorFreeDetector(std::shared_ptr<const Network<float>> network, AnchorFreeDescription description,
                     const Execution& execution = {})
      : Detector(description.traits()),
        network_(std::move(network)),
        model_(std::move(description.model)),
        zoom_(description.zoom),
        flip_test_(description.flip_test),
        execution_(execution) {}

  /// @throws Error also for a tile that is not larger than the overlap.
  std::vector<Detection> detect(const PixelView& image, const DetectOptions& options) const override {
    check_input(image, options);
    if (zoom_ == 1) return detect_as_is(image, options);
    const Index height = image.dim(0), width = image.dim(1);
    const Letterbox zoomed =
        fit_letterbox(height, width, zoomed_side(height, zoom_), zoomed_side(width, zoom_), FitMode::stretch);
    std::vector<Detection> found = image.visit([&](const auto& view) {
      return detect_as_is(pixels(resize(view, zoomed.canvas_height, zoomed.canvas_width)), options);
    });
    for (Detection& d : found) d.box = zoomed.unmap(d.box);
    return found;
  }

  /// The network's outputs for an image of 64x64 pixels, or the smallest that it takes.
  SelfTest self_test() const override {
    const Index stride = model_.largest_stride(), side = (63 + stride) / stride * stride;
    std::unique_ptr<Run> run = take_run();
    const TensorView<float> input = ensure_capacity(run->input_memory, {side, side, channels()});
    scale_pixels(self_test_image(side, channels()), input, 0, 0, traits().pixel_scaling);
    run->workspace.forward(input.reshape(input.shape().batched(1)));
    SelfTest test = amdefect::self_test(run->workspace);
    give_back(std::move(run));
    return test;
  }

 protected:
  std::string architecture() const override { return "anchor-free"; }
  JsonValue::Object settings() const override {
    JsonValue::Object settings{{"network", to_json(model_)}};
    if (zoom_ != 1) settings.emplace_back("zoom", zoom_);  // the files of other detectors stay as they were
    if (flip_test_) settings.emplace_back("flip_test", true);
    return settings;
  }
  std::vector<TensorEntry> weights() const override { return weight_entries(network_->parameters()); }

 private:
  /// What one call needs; kept for the next one.
  struct Run {
    Run(const Network<float>& network, const Execution& execution) : workspace(network, execution) {}
    /// What the network says about scaled pixels [height, width, channels], valid until the next call.
    std::vector<TensorView<const float>> outputs(TensorView<float> x, bool flip_test) {
      const TensorView<float> batch = x.reshape(x.shape().batched(1));
      if (flip_test) return flip_averaged_outputs(workspace, batch, mean_memory);
      workspace.forward(batch);
      std::vector<TensorView<const float>> views;
      for (std::size_t i = 0; i < workspace.network().outputs().size(); ++i) views.push_back(workspace.output(i));
      return views;
    }
    Workspace<float> workspace;
    Tensor<float> input_memory;
    std::vector<Tensor<float>> mean_memory;
  };

  /// What the network sees in an image of its own scale.
  std::vector<Detection> detect_as_is(const PixelView& image, const DetectOptions& options) const {
    const auto spans = [&](Index size) {
      return tile_spans(size, options.tile, options.overlap, model_.largest_stride());
    };
    const std::vector<TileSpan> rows = spans(image.dim(0)), columns = spans(image.dim(1));
    std::unique_ptr<Run> run = take_run();
    std::vector<Detection> found = find_in_tiles(
        rows, columns, options.overlap,
        [&](const TileSpan& row, const TileSpan& column) { return detect_tile(*run, image, row, column, options); });
    give_back(std::move(run));
    return select(std::move(found), options);
  }

  /// What the network sees in one part of an image, in pixels of the image, cut at its borders.
  std::vector<Detection> detect_tile(Run& run, const PixelView& image, const TileSpan& row, const TileSpan& column,
                                     const DetectOptions& options) const {
    const auto up = [stride = model_.largest_stride()](Index side) { return (side + stride - 1) / stride * stride; };
    const TensorView<float> input =
        ensure_capacity(run.input_memory, {up(row.size()), up(column.size()), image.dim(2)});
    scale_pixels(image, input, row.begin, column.begin, traits().pixel_scaling);
    constexpr Index candidates = 3000;  // bounds the memory of large images
    std::vector<Detection> found = decode_anchor_free<float>(
        model_, run.outputs(input, options.flip_test.value_or(flip_test_)), 0, min_score(options), candidates);
    const auto x = static_cast<double>(column.begin), y = static_cast<double>(row.begin);
    const Box frame{0, 0, static_cast<double>(image.dim(1)), static_cast<double>(image.dim(0))};
    for (Detection& d : found) d.box = intersection({d.box.x1 + x, d.box.y1 + y, d.box.x2 + x, d.box.y2 + y}, frame);
    std::erase_if(found, [](const Detection& d) { return !(d.box.area() > 0); });
    return found;
  }

  std::unique_ptr<Run> take_run() const {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Run>(*network_, execution_);
    std::unique_ptr<Run> run = std::move(idle_.back());
    idle_.pop_back();
    return run;
  }
  void give_back(std::unique_ptr<Run> run) const {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(run));
  }

  std::shared_ptr<const Network<float>> network_;
  AnchorFreeModel model_;
  double zoom_;
  bool flip_test_;
  Execution execution_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::vector<std::unique_ptr<Run>> idle_;
};

/// @throws FileError for a file of another kind of model, or weights that do not fit it.
inline std::unique_ptr<Detector> open_anchor_free_detector(const DetectorFile& file) {
  AnchorFreeDescription description = anchor_free_description(file);
  auto network = std::make_shared<Network<float>>(anchor_free_network<float>(description.model));
  load_weights(file.weights(), network->parameters(), {.ignore = is_training_state});
  return std::make_unique<AnchorFreeDetector>(std::move(network), std::move(description), file.execution());
}

}  // namespace amdefect
