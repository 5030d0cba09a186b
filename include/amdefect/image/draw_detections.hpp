#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/boxes/detection.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/image/box_frame.hpp"
#include "amdefect/image/draw_text.hpp"
#include "amdefect/image/label_layout.hpp"
#include "amdefect/image/legend.hpp"

namespace amdefect {

/// How `draw_detections` draws.
struct DrawOptions {
  /// The lowest score of what the detector takes to be an object; frames show how far above it a score is
  /// (`confidence_steps`).
  double score_threshold = 0.5;
  /// Class (where there are several) and score beside each box, as far as they hide nothing.
  bool labels = true;
  /// Labels of a picture at most: those of the highest scores.
  Index max_labels = 40;
  /// A strip below the picture that says what colours and frames mean, and how many objects of each class there are.
  bool legend = true;
  /// Pixels: a picture whose shorter side has fewer is enlarged.
  Index min_side = 256;
  /// Share of the picture that labels may cover.
  double max_label_cover = 0.15;
};

/// The whole number by which `draw_detections` enlarges a picture of this size, so that boxes and text can be read: its
/// shorter side gets `min_side` pixels or more, but the longer one no more than 2048.
inline Index drawing_scale(Index height, Index width, Index min_side = 256) {
  const Index shorter = std::max<Index>(std::min(height, width), 1),
              longer = std::max<Index>(std::max(height, width), 1);
  return std::max<Index>(1, std::min((min_side + shorter - 1) / shorter, 2048 / longer));
}

/// Width in pixels of the lines in a picture of this size, and the size of its font: about one for each 800 pixels of
/// its side (that of a square of the same area).
inline Index drawing_line_width(Index height, Index width) {
  const double side = std::sqrt(static_cast<double>(height) * static_cast<double>(width));
  return std::max<Index>(1, std::llround(side / 800));
}

namespace detail {

/// The nearest edges in whole pixels of an enlarged picture; what lies far outside is all the same.
inline PixelBox pixel_box(const Box& box, Index scale, const PixelSize& picture) {
  const auto pixel = [&](double edge, Index size) {
    return static_cast<Index>(
        std::llround(std::clamp(edge * static_cast<double>(scale), -10.0, static_cast<double>(size) + 10)));
  };
  return {pixel(box.x1, picture.width), pixel(box.y1, picture.height), pixel(box.x2, picture.width),
          pixel(box.y2, picture.height)};
}

inline std::string score_text(double score) { return decimal_number(score, 2); }

/// Draws the detections of one picture.
class DetectionDrawing {
 public:
  DetectionDrawing(std::span<const Detection> detections, const std::vector<std::string>& class_names,
                   const PixelSize& picture, Index scale, const DrawOptions& options)
      : names_(class_names),
        picture_(picture),
        text_scale_(drawing_line_width(picture.height, picture.width)),
        width_{text_scale_, (text_scale_ + 1) / 2},
        steps_(confidence_steps(options.score_threshold)),
        options_(options) {
    for (const Detection& found : detections) {
      ++counts_[found.label];
      const Box& box = found.box;
      const std::array numbers{box.x1, box.y1, box.x2, box.y2, found.score};
      if (std::any_of(numbers.begin(), numbers.end(), [](double number) { return std::isnan(number); })) continue;
      const PixelBox pixels = pixel_box(box, scale, picture);
      const PixelBox seen = intersection(pixels, {0, 0, picture.width, picture.height});
      if (seen.x1 > seen.x2 || seen.y1 > seen.y2) continue;  // beyond the picture, or its corners the wrong way round
      shown_.push_back(found);
      boxes_.push_back(pixels);
    }
  }

  std::vector<LegendEntry> legend() const {
    if (!options_.legend) return {};
    if (counts_.empty()) return {{.text = "no objects"}};
    std::vector<std::pair<Index, Index>> classes(counts_.begin(), counts_.end());
    std::stable_sort(classes.begin(), classes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    constexpr std::size_t most_classes = 24;
    std::vector<LegendEntry> entries;
    for (const auto& [label, count] : std::span(classes).first(std::min(classes.size(), most_classes)))
      entries.push_back({concat(name(label), ": ", count), class_color(label)});
    if (classes.size() > most_classes)
      entries.push_back({.text = concat("and ", classes.size() - most_classes, " more classes")});

    entries.push_back({concat("score from ", score_text(steps_.high)), drawing_light, Confidence::high});
    entries.push_back({concat("from ", score_text(steps_.medium)), drawing_light, Confidence::medium});
    entries.push_back({"below", drawing_light, Confidence::low});
    return entries;
  }

  void draw(Image& image) const {
    std::vector<std::size_t> order = by_score();
    std::reverse(order.begin(), order.end());  // the surest last: on top
    const auto outer = [&](std::size_t i) { return frame_box(boxes_[i], width_.total(), picture_); };
    for (const std::size_t i : order) draw_frame_casing(image, outer(i), width_, steps_.of(shown_[i].score));
    for (const std::size_t i : order)
      draw_frame_line(image, outer(i), width_, steps_.of(shown_[i].score), class_color(shown_[i].label));
    if (options_.labels) draw_labels(image);
  }

  Index text_scale() const { return text_scale_; }

 private:
  /// The numbers of the boxes by descending score.
  std::vector<std::size_t> by_score() const {
    std::vector<std::size_t> order(shown_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return shown_[a].score > shown_[b].score; });
    return order;
  }
  std::string name(Index label) const {
    const bool known = label >= 0 && label < static_cast<Index>(names_.size());
    return known ? names_[static_cast<std::size_t>(label)] : concat("class ", label);
  }
  PixelSize label_size(const std::string& text) const {
    return {text_width(text, text_scale_) + 3 * text_scale_, text_height(text_scale_) + text_scale_};
  }

  /// What may be written at each box: class and score, or the score alone where there is one class only, and in a
  /// crowded picture.
  std::vector<std::vector<std::string>> label_texts() const {
    std::vector<std::vector<std::string>> texts;
    double area = 0;
    for (const Detection& found : shown_) {
      const std::string score = score_text(found.score), full = name(found.label) + ' ' + score;
      const PixelSize size = label_size(full);
      area += static_cast<double>(size.width * size.height);
      texts.push_back({full, score});
    }
    const bool crowded = static_cast<Index>(shown_.size()) > options_.max_labels ||
                         area > options_.max_label_cover * static_cast<double>(picture_.width * picture_.height);
    if (counts_.size() < 2 || crowded)
      for (auto& choice : texts) choice.erase(choice.begin());
    return texts;
  }

  void draw_labels(Image& image) const {
    const std::vector<std::vector<std::string>> texts = label_texts();
    std::vector<LabelRequest> requests;
    for (std::size_t i = 0; i < shown_.size(); ++i) requests.push_back({boxes_[i], shown_[i].score, {}});
    for (Index labels = 0; const std::size_t i : by_score()) {
      if (labels++ == options_.max_labels) break;
      for (const std::string& text : texts[i]) requests[i].texts.push_back(label_size(text));
    }
    const auto positions =
        lay_out_labels(requests, picture_, {.frame = width_.total(), .max_cover = options_.max_label_cover});
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (!positions[i]) continue;
      const PixelBox& area = positions[i]->area;
      const Rgb color = class_color(shown_[i].label);
      const bool sure = steps_.of(shown_[i].score) == Confidence::high;
      fill_rectangle(image, area, sure ? color : drawing_dark);
      draw_text(image, area.x1 + 2 * text_scale_, area.y1 + text_scale_, texts[i][positions[i]->text],
                sure ? contrast_to(color) : lighter(color), text_scale_);
    }
  }

  const std::vector<std::string>& names_;
  PixelSize picture_;
  Index text_scale_;
  FrameWidth width_;
  ConfidenceSteps steps_;
  DrawOptions options_;
  std::vector<Detection> shown_;
  std::vector<PixelBox> boxes_;    ///< of `shown_`
  std::map<Index, Index> counts_;  ///< of detections of each class
};

}  // namespace detail

/// The picture with its detections: a frame around each box in the colour of its class, outside of the object, the more
/// closed the higher the score; labels where they hide nothing (`lay_out_labels`); and a legend below. Lines and text
/// grow with the picture. The result is an RGB image, as large as the picture times `drawing_scale`, with the legend
/// below. Boxes are in pixels of `image`. Classes without a name go by their number. The same input gives the same
/// picture. @throws ShapeError for an image without pixels
inline Image draw_detections(const Image& image, std::span<const Detection> detections,
                             const std::vector<std::string>& class_names, const DrawOptions& options = {}) {
  require<ShapeError>(!image.empty(), "draw detections: an image of shape ", image.shape(), " has no pixels");
  const Index scale = drawing_scale(image.height(), image.width(), options.min_side);
  const PixelSize size{image.width() * scale, image.height() * scale};
  const detail::DetectionDrawing drawing(detections, class_names, size, scale, options);
  const std::vector<LegendEntry> legend = drawing.legend();
  Image result(size.height + legend_height(legend, size.width, drawing.text_scale()), size.width, 3);
  paste(enlarge(to_rgb(image), scale), result, 0, 0);
  drawing.draw(result);
  draw_legend(result, size.height, legend, drawing.text_scale());
  return result;
}

}  // namespace amdefect
