#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/detection/detector_file.hpp"
#include "amdefect/image/image.hpp"

namespace amdefect {

/// The settings of a BlobDetector.
struct BlobModel {
  Index window = 31;     ///< side in pixels of the surroundings that a pixel is compared with; odd
  Index threshold = 24;  ///< smallest difference in grey levels
  Index least_area = 6;  ///< of a blob, in pixels
  bool dark = true;      ///< looks for what is darker than its surroundings, else for what is brighter

  static constexpr Index largest_window = 1023;

  friend bool operator==(const BlobModel&, const BlobModel&) = default;
};

namespace detail {

/// The brightness of an image as integers [height, width].
inline std::vector<std::uint8_t> grey_levels(const Image& image) {
  const Index channels = image.channels(), colors = std::min<Index>(channels, 3);
  std::vector<std::uint8_t> grey(static_cast<std::size_t>(image.height() * image.width()));
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const std::uint8_t* pixel = image.bytes().data() + static_cast<Index>(i) * channels;
    int sum = 0;
    for (Index c = 0; c < colors; ++c) sum += pixel[c];
    grey[i] = static_cast<std::uint8_t>(sum / colors);
  }
  return grey;
}

/// Difference of every pixel to the median of the window around it, which is cut at the image's border. The histogram
/// of the window moves along a row (Huang, Yang and Tang 1979).
inline std::vector<int> median_difference(std::span<const std::uint8_t> grey, Index height, Index width, Index window) {
  const Index reach = window / 2;
  std::vector<int> result(grey.size());
  for (Index y = 0; y < height; ++y) {
    const Index top = std::max<Index>(0, y - reach), bottom = std::min(height, y + reach + 1);
    std::array<int, 256> histogram{};
    int count = 0, below = 0, median = 0;  // `below` values are less than the median
    const auto move = [&](Index x, int sign) {
      if (x < 0 || x >= width) return;
      for (Index row = top; row < bottom; ++row) {
        const std::uint8_t value = grey[static_cast<std::size_t>(row * width + x)];
        histogram[value] += sign;
        if (value < median) below += sign;
      }
      count += sign * static_cast<int>(bottom - top);
    };
    for (Index x = 0; x < reach; ++x) move(x, 1);
    for (Index x = 0; x < width; ++x) {
      move(x + reach, 1);
      move(x - reach - 1, -1);
      while (below > count / 2) below -= histogram[static_cast<std::size_t>(--median)];
      while (below + histogram[static_cast<std::size_t>(median)] <= count / 2)
        below += histogram[static_cast<std::size_t>(median++)];
      const auto at = static_cast<std::size_t>(y * width + x);
      result[at] = grey[at] - median;
    }
  }
  return result;
}

/// Connected pixels (diagonally, too) of at least the threshold, as boxes; the score grows with the mean difference.
inline std::vector<Detection> find_blobs(std::vector<int> difference, Index height, Index width,
                                         const BlobModel& model) {
  if (model.dark)
    for (int& value : difference) value = -value;
  std::vector<Detection> blobs;
  std::vector<Index> open;
  for (Index start = 0; start < height * width; ++start) {
    if (difference[static_cast<std::size_t>(start)] < model.threshold) continue;
    Index top = height, left = width, bottom = 0, right = 0, area = 0;
    double sum = 0;
    const auto visit = [&](Index pixel) {
      sum += difference[static_cast<std::size_t>(pixel)];
      difference[static_cast<std::size_t>(pixel)] = -1;  // never again: thresholds are positive
      open.push_back(pixel);
    };
    visit(start);
    while (!open.empty()) {
      const Index y = open.back() / width, x = open.back() % width;
      open.pop_back();
      ++area;
      top = std::min(top, y), bottom = std::max(bottom, y + 1), left = std::min(left, x),
      right = std::max(right, x + 1);
      for (Index row = std::max<Index>(0, y - 1); row < std::min(height, y + 2); ++row)
        for (Index column = std::max<Index>(0, x - 1); column < std::min(width, x + 2); ++column)
          if (difference[static_cast<std::size_t>(row * width + column)] >= model.threshold)
            visit(row * width + column);
    }
    const double mean = sum / static_cast<double>(area);
    if (area >= model.least_area)
      blobs.push_back({{static_cast<double>(left), static_cast<double>(top), static_cast<double>(right),
                        static_cast<double>(bottom)},
                       mean / (mean + 64),
                       0});
  }
  return blobs;
}

}  // namespace detail

/// A detector without learning, to compare others with: whatever differs enough from the median of its surroundings is
/// an object. All of them are of the class `label`.
class BlobDetector final : public Detector {
 public:
  /// @throws Error for settings without meaning.
  BlobDetector(const BlobModel& model, DetectorLabels labels, Index label, Index channels, double score_threshold = 0)
      : Detector(DetectorTraits{std::move(labels), channels, score_threshold}), model_(model), label_(label) {
    require(model.window > 0 && model.window % 2 == 1 && model.threshold > 0 && model.least_area > 0,
            "blob detector: window (odd), threshold and least_area must be positive, got ", model.window, ", ",
            model.threshold, " and ", model.least_area);
    require(model.window <= BlobModel::largest_window, "blob detector: window is ", model.window, ", expected at most ",
            BlobModel::largest_window, " (the time for a pixel grows with it)");
    require(0 <= label && label < static_cast<Index>(this->labels().class_names.size()), "blob detector: class ", label,
            " of ", this->labels().class_names.size());
  }

  /// A mirrored image has the mirrored blobs, so `flip_test` changes nothing; nor do the options of tiles. Pixels are
  /// looked at with 8 bits.
  std::vector<Detection> detect(const PixelView& image, const DetectOptions& options) const override {
    check_input(image, options);
    const Index height = image.dim(0), width = image.dim(1);
    const std::vector<std::uint8_t> grey = detail::grey_levels(to_8_bit(image));
    std::vector<Detection> found =
        detail::find_blobs(detail::median_difference(grey, height, width, model_.window), height, width, model_);
    for (Detection& detection : found) detection.label = label_;
    return select(std::move(found), options);
  }

  const BlobModel& model() const { return model_; }

  /// The boxes of all blobs in an image of 64x64 pixels.
  SelfTest self_test() const override {
    std::vector<double> edges;
    for (const Detection& d : detect(self_test_image(64, channels()), {.min_score = 0}))
      edges.insert(edges.end(), {d.box.x1, d.box.y1, d.box.x2, d.box.y2, d.score});
    return {self_test_output("blobs", edges)};
  }

 protected:
  std::string architecture() const override { return "blob"; }
  JsonValue::Object settings() const override {
    return {{"label", label_},
            {"window", model_.window},
            {"threshold", model_.threshold},
            {"least_area", model_.least_area},
            {"dark", model_.dark}};
  }

 private:
  BlobModel model_;
  Index label_;
};

/// @throws FileError for an unfit description.
inline std::unique_ptr<Detector> open_blob_detector(const DetectorFile& file) {
  file.allow_only({"label", "window", "threshold", "least_area", "dark"});
  const JsonReader json = file.description();
  const BlobModel model{json.get<Index>("window"), json.get<Index>("threshold"), json.get<Index>("least_area"),
                        json.get<bool>("dark")};
  const DetectorTraits traits = file.traits(0);
  return file.checked([&]() -> std::unique_ptr<Detector> {
    return std::make_unique<BlobDetector>(model, traits.labels, json.get<Index>("label"), traits.channels,
                                          traits.score_threshold);
  });
}

}  // namespace amdefect
