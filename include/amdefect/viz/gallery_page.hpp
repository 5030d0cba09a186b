#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/data/draw.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/viz/gallery.hpp"
#include "amdefect/viz/page.hpp"

namespace amdefect {

namespace detail {

/// The name of a class, or its number where there is none.
inline std::string class_name(const std::vector<std::string>& names, Index label) {
  const bool known = label >= 0 && label < static_cast<Index>(names.size());
  return known ? names[static_cast<std::size_t>(label)] : concat("class ", label);
}

inline std::string css_color(const Rgb& color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color[0], color[1], color[2]);
  return text;
}

/// One box: a dark casing, the frame, and its text above it, or below it where that is near the upper border.
inline std::string box_svg(const GalleryPicture& picture, const Box& box, const std::string& classes, double score,
                           const std::string& label, const std::string& hint, const std::string& style) {
  const auto rectangle = [&](std::string_view attributes) {
    return concat("<rect", attributes, svg_attribute("x", box.x1), svg_attribute("y", box.y1),
                  svg_attribute("width", std::max(box.width(), 0.0)),
                  svg_attribute("height", std::max(box.height(), 0.0)), "/>");
  };
  // Labels stay inside: at the right they end with the box, at the top they are below it.
  const bool right = box.x1 > 0.7 * static_cast<double>(picture.width);
  const bool above = box.y1 > 0.05 * static_cast<double>(picture.height);
  return concat("<g class=\"box ", classes, "\" data-s=\"", is_finite(score) ? compact_number(score, 8) : "never",
                "\" data-t=\"", escape_markup(hint), '"', style, '>', rectangle(" class=\"casing\""), rectangle(""),
                "<text", svg_attribute("x", right ? box.x2 : box.x1), svg_attribute("y", above ? box.y1 : box.y2),
                above ? " dy=\"-.4em\"" : " dy=\"1.1em\"", right ? " text-anchor=\"end\">" : ">", escape_markup(label),
                "</text></g>\n");
}

/// Draws the items of a gallery.
class GalleryWriter {
 public:
  GalleryWriter(const std::vector<GalleryItem>& items, const std::vector<std::string>& class_names,
                double score_threshold)
      : items_(items), names_(class_names), threshold_(score_threshold) {
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
    std::string html = controls(judged) + (judged ? verdict_key() : class_key());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const bool first = i == 0 || items[i].group != items[i - 1].group;
      if (first && i > 0) html += "</div>\n";
      if (first && !items[i].group.empty()) html += concat("<h3>", escape_markup(items[i].group), "</h3>\n");
      if (first) html += "<div class=\"shots\">\n";
      html += figure(items[i]);
    }
    return html + "</div>\n";
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
    const auto check = [](std::string_view text, std::string_view attributes) {
      return concat("<label><input type=\"checkbox\" ", attributes, ">", text, "</label>\n");
    };
    const double shown = std::clamp(threshold_, 0.0, 1.0);
    return concat("<div class=\"controls\">\n", judged ? check("Ground truth", "value=\"no-truth\" checked") : "",
                  check("Predictions", "value=\"no-found\" checked"), check("Labels", "value=\"labels\" data-adds"),
                  "<label>Score from <input type=\"range\" min=\"0\" max=\"1\" step=\"0.01\" value=\"",
                  compact_number(shown), "\"><output>", fixed_number(shown, 2), "</output></label>\n</div>\n",
                  "<p class=\"note\">Point at a box, tap it, or step through the boxes of an image with the arrow keys "
                  "to see its class and score.</p>\n");
  }

  static std::string key_entry(std::string_view classes, const std::string& style, const std::string& text) {
    return concat("<li><svg viewBox=\"0 0 26 16\" aria-hidden=\"true\"><g class=\"box ", classes, "\"", style,
                  "><rect class=\"casing\" x=\"4\" y=\"3\" width=\"18\" height=\"10\"/>"
                  "<rect x=\"4\" y=\"3\" width=\"18\" height=\"10\"/></g></svg>",
                  escape_markup(text), "</li>\n");
  }
  static std::string verdict_key() {
    return concat("<ul class=\"key\">", key_entry("truth", "", "ground truth, found"),
                  key_entry("truth missed", "", "ground truth, missed"), key_entry("correct", "", "correct prediction"),
                  key_entry("wrong", "", "wrong class"), key_entry("false", "", "false alarm"), "</ul>\n");
  }
  std::string class_key() const {
    std::string html;
    for (const Index label : labels_) html += key_entry("plain", class_style(label), class_name(names_, label));
    return html.empty() ? "" : "<ul class=\"key\">" + html + "</ul>\n";
  }
  static std::string class_style(Index label) {
    return concat(" style=\"--c:", css_color(class_color(std::max<Index>(label, 0))), '"');
  }

  std::string figure(const GalleryItem& item) const {
    const GalleryPicture& picture = item.picture;
    std::string boxes;
    Index found = 0, shown = 0;
    for (const GalleryTruth& truth : item.truths) {
      const bool matched = truth.found_score >= threshold_;
      found += matched;
      const std::string name = class_name(names_, truth.object.label);
      boxes += box_svg(picture, truth.object.box, matched ? "truth" : "truth missed", truth.found_score,
                       labels_.size() > 1 ? name : "", name + ", ground truth", "");
    }
    for (const GalleryDetection& predicted : item.detections) {
      const Detection& detection = predicted.detection;
      shown += detection.score >= threshold_;
      const std::string score = fixed_number(detection.score, 2), name = class_name(names_, detection.label) + ' ';
      const bool plain = predicted.verdict == Verdict::unknown;
      boxes += box_svg(picture, detection.box,
                       concat("found ", verdict_style(predicted.verdict), detection.score < threshold_ ? " off" : ""),
                       detection.score, labels_.size() > 1 ? name + score : score,
                       concat(name, score, verdict_text(predicted.verdict)), plain ? class_style(detection.label) : "");
    }
    const bool judged = is_judged(item);
    const std::string counts = judged ? concat(found, " found, ", static_cast<Index>(item.truths.size()) - found,
                                               " missed, ", shown - found, " false")
                                      : concat(shown, shown == 1 ? " detection" : " detections");
    const std::string name = escape_markup(item.name);
    return concat("<figure class=\"shot\"><div class=\"frame\" tabindex=\"0\" role=\"group\" aria-label=\"", name,
                  ": arrow keys step through the boxes\"><svg viewBox=\"0 0 ", picture.width, ' ', picture.height,
                  "\" role=\"img\" aria-label=\"", name,
                  "\" style=\"--px:", fixed_number(static_cast<double>(picture.width) / 360, 3), "\">", image(picture),
                  boxes, "</svg></div>\n<figcaption><span class=\"name\" title=\"", name, "\">", name,
                  "</span><span class=\"counts\"", judged ? " data-judged=\"\"" : "", '>', counts,
                  "</span><button type=\"button\" aria-expanded=\"false\">Enlarge</button></figcaption></figure>\n");
  }

  static std::string image(const GalleryPicture& picture) {
    if (picture.jpeg.empty()) return "";
    return concat("<image width=\"", picture.width, "\" height=\"", picture.height,
                  "\" preserveAspectRatio=\"none\" href=\"data:image/jpeg;base64,", base64(picture.jpeg), "\"/>\n");
  }

  const std::vector<GalleryItem>& items_;
  const std::vector<std::string>& names_;
  double threshold_;
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
