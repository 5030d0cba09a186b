#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/io/atomic_file.hpp"
#include "amdefect/viz/gallery.hpp"
#include "amdefect/viz/gallery_shot.hpp"
#include "amdefect/viz/page.hpp"

namespace amdefect {

namespace detail {

/// Draws the items of a gallery.
class GalleryWriter {
 public:
  GalleryWriter(const std::vector<GalleryItem>& items, const std::vector<std::string>& class_names,
                double score_threshold)
      : items_(items), names_(class_names), threshold_(score_threshold), steps_(confidence_steps(score_threshold)) {
    for (const GalleryItem& item : items) {
      for (const GalleryDetection& found : item.detections) labels_.push_back(found.detection.label);
      for (const GalleryTruth& truth : item.truths) labels_.push_back(truth.object.label);
    }
    std::sort(labels_.begin(), labels_.end());
    labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
  }

  std::string write() const {
    const std::vector<GalleryItem>& items = items_;
    if (items.empty()) return "";
    const bool judged = std::any_of(items.begin(), items.end(), is_judged);
    return controls(judged) + (judged ? verdict_key() : class_key()) +
           shots_html(items, [&](const GalleryItem& item) { return figure(item); });
  }

 private:
  static bool is_judged(const GalleryItem& item) {
    return !item.truths.empty() || std::any_of(item.detections.begin(), item.detections.end(),
                                               [](const auto& d) { return d.verdict != Verdict::unknown; });
  }
  static std::string_view verdict_style(Verdict verdict) {
    switch (verdict) {
      case Verdict::correct:
        return "correct";
      case Verdict::wrong_class:
        return "wrong";
      case Verdict::false_positive:
        return "false";
      case Verdict::unknown:
        break;
    }
    return "plain";
  }
  static std::string_view verdict_text(Verdict verdict) {
    switch (verdict) {
      case Verdict::correct:
        return ", correct";
      case Verdict::wrong_class:
        return ", wrong class";
      case Verdict::false_positive:
        return ", false alarm";
      case Verdict::unknown:
        break;
    }
    return "";
  }

  std::string controls(bool judged) const {
    const double shown = std::clamp(threshold_, 0.0, 1.0);
    return concat("<div class=\"controls\">\n",
                  judged ? gallery_switch("Ground truth", "value=\"no-truth\" checked") : "",
                  gallery_switch("Predictions", "value=\"no-found\" checked"),
                  gallery_switch("Labels", concat("value=\"labels\" data-adds", judged ? "" : " checked")),
                  "<label>Score from <input type=\"range\" min=\"0\" max=\"1\" step=\"0.01\" value=\"",
                  compact_number(shown), "\"><output>", fixed_number(shown, 2), "</output></label>\n</div>\n",
                  "<p class=\"note\">Point at a box, tap it, or step through the boxes of an image with the arrow keys "
                  "to see its class and score.</p>\n");
  }

  std::string verdict_key() const {
    return concat("<ul class=\"key\">", key_entry("truth", "", "ground truth, found"),
                  key_entry("truth missed", "", "ground truth, missed"), key_entry("correct", "", "correct prediction"),
                  key_entry("wrong", "", "wrong class"), key_entry("false", "", "false alarm"),
                  confidence_key_entries(steps_), "</ul>\n");
  }
  std::string class_key() const {
    return labels_.empty() ? ""
                           : concat("<ul class=\"key\">", class_key_entries(labels_, names_),
                                    confidence_key_entries(steps_), "</ul>\n");
  }

  std::string figure(const GalleryItem& item) const {
    const GalleryPicture& picture = item.picture;
    std::string boxes;
    Index found = 0, shown = 0;
    for (const GalleryTruth& truth : item.truths) {
      const bool matched = truth.found_score >= threshold_;
      found += matched;
      const std::string name = class_name(names_, truth.object.label);
      boxes += box_svg(truth.object.box, Confidence::high, matched ? "truth" : "truth missed", truth.found_score,
                       labels_.size() > 1 ? name : "", name + ", ground truth", "");
    }
    for (const GalleryDetection& predicted : item.detections) {
      const Detection& detection = predicted.detection;
      shown += detection.score >= threshold_;
      const std::string score = fixed_number(detection.score, 2), name = class_name(names_, detection.label) + ' ';
      const bool plain = predicted.verdict == Verdict::unknown;
      boxes += box_svg(detection.box, steps_.of(detection.score),
                       concat("found ", verdict_style(predicted.verdict), detection.score < threshold_ ? " off" : ""),
                       detection.score, labels_.size() > 1 ? name + score : score,
                       concat(name, score, verdict_text(predicted.verdict)), plain ? class_style(detection.label) : "");
    }
    const bool judged = is_judged(item);
    const std::string counts = judged ? concat(found, " found, ", static_cast<Index>(item.truths.size()) - found,
                                               " missed, ", shown - found, " false")
                                      : concat(shown, shown == 1 ? " detection" : " detections");
    return shot_html(item.name, picture, whole_view(picture), boxes,
                     concat("<span class=\"counts\"", judged ? " data-judged=\"\"" : "", '>', counts, "</span>"));
  }

  const std::vector<GalleryItem>& items_;
  const std::vector<std::string>& names_;
  double threshold_;
  ConfidenceSteps steps_;      ///< above the threshold
  std::vector<Index> labels_;  ///< all that occur; labels of a single class are left out on the images
};

}  // namespace detail

/// Writes a page of images with their predictions (and ground truth where there is some), in one file that needs no
/// other. Boxes below `score_threshold` are hidden until the reader lowers it. @throws FileError
inline void write_gallery(const std::filesystem::path& path, const std::string& title, const std::string& subtitle,
                          const std::vector<GalleryItem>& items, const std::vector<std::string>& class_names,
                          double score_threshold = 0.5) {
  const detail::GalleryWriter writer(items, class_names, score_threshold);
  write_text_file(path, detail::page_html(title, subtitle, {{"gallery", "Images", writer.write()}}));
}

}  // namespace amdefect
