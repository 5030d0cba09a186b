#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/boxes/detection.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/layers/layer_ranges.hpp"
#include "amdefect/viz/page.hpp"
#include "amdefect/viz/svg_plot.hpp"

namespace amdefect {

/// Where the detections of each class lie over the height of a build, seen from the front: columns are those of the
/// pictures, layers go up.
class HeightMaps {
 public:
  /// For these layers of pictures that are `width` pixels wide.
  HeightMaps(const LayerRange& range, Index width, std::vector<std::string> class_names)
      : range_(range), layers_(std::max<Index>(1, range.size())), width_(width), names_(std::move(class_names)) {
    rows_ = std::min(layers_, most_cells);
    columns_ = std::min(width, most_cells);
    counts_.assign(names_.size(), std::vector<Index>(static_cast<std::size_t>(rows_ * columns_)));
    per_layer_.assign(names_.size(), std::vector<Index>(static_cast<std::size_t>(layers_)));
  }

  void add(Index layer, const std::vector<Detection>& found) {
    const Index place = (layer - range_.begin) / range_.step, row = (layers_ - 1 - place) * rows_ / layers_;
    for (const Detection& detection : found) {
      const auto label = static_cast<std::size_t>(detection.label);
      const auto column = [&](double x) {
        const auto cell = static_cast<Index>(x * static_cast<double>(columns_) / static_cast<double>(width_));
        return std::clamp<Index>(cell, 0, columns_ - 1);
      };
      ++per_layer_.at(label)[static_cast<std::size_t>(place)];
      for (Index x = column(detection.box.x1); x <= column(detection.box.x2); ++x)
        ++counts_[label][static_cast<std::size_t>(row * columns_ + x)];
    }
  }

  Index count(std::size_t label) const {
    Index sum = 0;
    for (const Index number : per_layer_[label]) sum += number;
    return sum;
  }
  /// The picture of a class, as many pixels as there are cells: white where nothing is, the darker the more.
  Image picture(std::size_t label) const {
    const Index most = std::max<Index>(1, *std::max_element(counts_[label].begin(), counts_[label].end()));
    Image image(rows_, columns_, 1, 255);
    for (std::size_t i = 0; i < counts_[label].size(); ++i)
      if (const Index count = counts_[label][i]; count > 0)
        image.bytes()[i] = to_byte(150.0 * static_cast<double>(most - count) / static_cast<double>(most));
    return image;
  }

  /// The counts of each layer, a line for each class, and the pictures of the classes that were found, as HTML.
  std::string html() const {
    LinePlot plot{.title = "Detections in each layer", .x = {.title = "layer"}, .y = {.title = "detections", .low = 0}};
    std::string pictures;
    for (std::size_t label = 0; label < names_.size(); ++label) {
      if (count(label) == 0) continue;
      PlotSeries series{.name = names_[label]};
      for (Index place = 0; place < layers_; ++place) {
        series.x.push_back(static_cast<double>(range_.begin + place * range_.step));
        series.y.push_back(static_cast<double>(per_layer_[label][static_cast<std::size_t>(place)]));
      }
      plot.series.push_back(std::move(series));
      const std::string name = escape_markup(names_[label]);
      pictures += concat("<figure class=\"chart\"><img alt=\"Where ", name,
                         " was found: columns of the pictures from left to right, layers from below\" width=\"440\" ",
                         "style=\"image-rendering:pixelated;max-width:100%\" src=\"data:image/png;base64,",
                         detail::base64(encode_png(picture(label))), "\"><figcaption>", name, ": ",
                         quantity(count(label), "detection"), "</figcaption></figure>\n");
    }
    return detail::chart_html(line_plot_svg(plot)) + pictures;
  }

 private:
  static constexpr Index most_cells = 400;

  LayerRange range_;
  Index layers_, width_, rows_ = 0, columns_ = 0;
  std::vector<std::string> names_;
  std::vector<std::vector<Index>> counts_, per_layer_;  // of each class
};

}  // namespace amdefect
