#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/review/suggestion.hpp"
#include "amdefect/viz/gallery.hpp"
#include "amdefect/viz/gallery_shot.hpp"
#include "amdefect/viz/page.hpp"

namespace amdefect {

namespace detail {

/// Accepting and rejecting, with buttons and keys, and the file of the decisions.
inline constexpr const char* review_script = R"js(
(() => {
  'use strict';
  const review = document.getElementById('review'), items = [...review.querySelectorAll('.suggestion')];
  const count = document.getElementById('decided'), save = document.getElementById('save');
  let saved = true;
  const decided = () => items.filter(item => item.dataset.choice);
  const show = () => {
    const accepted = items.filter(item => item.dataset.choice === 'accept').length;
    count.textContent = accepted + ' accepted, ' + (decided().length - accepted) + ' rejected, ' +
      (items.length - decided().length) + ' open';
  };
  const go = (item, step) => {
    const next = items[items.indexOf(item) + step];
    if (next) next.focus();
  };
  const decide = (item, choice) => {
    if (choice) item.dataset.choice = choice;
    else delete item.dataset.choice;
    saved = false;
    show();
    go(item, 1);
  };
  const keys = {a: 'accept', r: 'reject', s: ''};
  items.forEach(item => {
    item.querySelectorAll('[data-set]').forEach(button =>
      button.addEventListener('click', () => decide(item, button.dataset.set)));
    item.addEventListener('keydown', event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in keys) decide(item, keys[event.key]);
      else if (event.key === 'n') go(item, 1);
      else if (event.key === 'p') go(item, -1);
      else return;
      event.preventDefault();
    });
  });
  save.addEventListener('click', () => {
    // The texts as they are: numbers of JavaScript would lose digits of large ids.
    const list = decided().map(item =>
      '{"accepted":' + (item.dataset.choice === 'accept') + ',' + item.dataset.suggestion.slice(1));
    const text = '{"annotation_file":' + review.dataset.file + ',\n"decisions":[\n' + list.join(',\n') + '\n]}\n';
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
    link.download = 'decisions.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    saved = true;
  });
  addEventListener('beforeunload', event => {
    if (!saved) event.preventDefault();
  });
  show();
})();
)js";

inline constexpr const char* review_css = R"css(
.suggestion{border-radius:8px;padding:8px;border:2px solid var(--rule)}
.suggestion:focus{outline:3px solid var(--accent)}
.suggestion[data-choice=accept]{border-color:#009e73}
.suggestion[data-choice=reject]{border-color:#d55e00;opacity:.6}
.suggestion p{margin:6px 0;font-size:.9rem;overflow-wrap:anywhere}
.suggestion[data-choice=accept] [data-set=accept],.suggestion[data-choice=reject] [data-set=reject]{border-color:var(--accent);font-weight:700}
)css";

/// The pictures and texts of suggestions.
class ReviewWriter {
 public:
  explicit ReviewWriter(const CocoSplit& split) : split_(split), names_(class_names(split.coco)) {
    for (std::size_t i = 0; i < split.coco.images.size(); ++i) images_.emplace(split.coco.images[i].id, i);
    for (std::size_t i = 0; i < split.coco.categories.size(); ++i)
      labels_.emplace(split.coco.categories[i].id, static_cast<Index>(i));
    for (const CocoAnnotation& annotation : split.coco.annotations)
      annotations_[annotation.image_id].push_back(&annotation);
  }

  std::string html(const std::vector<Suggestion>& suggestions, std::size_t count) const {
    std::string items;
    for (std::size_t i = 0; i < std::min(count, suggestions.size()); ++i) items += item(i + 1, suggestions[i]);
    return concat(
        "<style>", review_css, "</style>\n<div class=\"controls\">\n<strong id=\"decided\" role=\"status\"></strong>\n",
        "<button id=\"save\" type=\"button\">Download decisions.json</button>\n",
        gallery_switch("Boxes", "value=\"no-found\" checked"), gallery_switch("Labels", "value=\"labels\" data-adds"),
        "</div>\n<p class=\"note\">Keys: a accepts, r rejects, s leaves it open, n and p go to the next and the "
        "previous one. What is accepted is done by <code>amdefect review --apply decisions.json</code>.</p>\n",
        "<ul class=\"key\">", key_entry("fault", "", "annotation in question"),
        key_entry("correct", "", "as it should be"), key_entry("sample", "", "other annotations"),
        "</ul>\n<div id=\"review\" class=\"shots\" data-file=\"",
        escape_markup(JsonValue(split_.annotation_file.string()).to_text()), "\">\n", items, "</div>\n<script>",
        review_script, "</script>\n");
  }

 private:
  std::string item(std::size_t number, const Suggestion& suggestion) const {
    return concat("<div class=\"suggestion\" tabindex=\"0\" data-suggestion=\"",
                  escape_markup(to_json(suggestion).to_text()), "\">\n", picture(suggestion), "<p><strong>", number,
                  ". ", escape_markup(title(suggestion)), "</strong> ", fixed_number(suggestion.confidence, 2), "<br>",
                  escape_markup(suggestion.reason),
                  "</p>\n<button type=\"button\" data-set=\"accept\">Accept</button> <button type=\"button\" "
                  "data-set=\"reject\">Reject</button> <button type=\"button\" data-set=\"\">Skip</button></div>\n");
  }

  std::string title(const Suggestion& suggestion) const {
    const std::string name = name_of(suggestion.category_id);
    switch (suggestion.mistake) {
      case Mistake::missing:
        return "Add " + name;
      case Mistake::spurious:
        return "Remove " + name;
      case Mistake::duplicate:
        return "Remove the second " + name;
      case Mistake::wrong_class:
        return concat(name_of(suggestion.was->category_id), " is ", name);
      case Mistake::loose_box:
        break;
    }
    return "Another box for " + name;
  }
  std::string name_of(std::int64_t category) const { return class_name(names_, labels_.at(category)); }

  /// The surroundings of the suggestion with all annotations.
  std::string picture(const Suggestion& suggestion) const {
    const std::size_t position = images_.at(suggestion.image_id);
    const Image image = load_image(split_.image_files[position]);
    const Box part = surroundings(suggestion, image);
    Image place(static_cast<Index>(part.height()), static_cast<Index>(part.width()), image.channels());
    paste(image, place, -static_cast<Index>(part.y1), -static_cast<Index>(part.x1));
    const GalleryPicture shown = make_gallery_picture(place);
    std::string boxes;
    const auto draw = [&](const CocoBox& box, const char* style, std::int64_t category, const std::string& text) {
      Box moved = to_corners(box);
      moved.x1 -= part.x1, moved.x2 -= part.x1, moved.y1 -= part.y1, moved.y2 -= part.y1;
      boxes += box_svg(moved, Confidence::high, concat("found ", style), std::numeric_limits<double>::quiet_NaN(),
                       name_of(category), concat(name_of(category), text), "");
    };
    if (const auto here = annotations_.find(suggestion.image_id); here != annotations_.end())
      for (const CocoAnnotation* annotation : here->second)
        if (!suggestion.was || annotation->id != suggestion.was->id)
          draw(annotation->box, "sample", annotation->category_id, concat(", annotation ", annotation->id));
    if (suggestion.was)
      draw(suggestion.was->box, "fault", suggestion.was->category_id,
           concat(", annotation ", suggestion.was->id, ", in question"));
    if (!suggestion.removes()) draw(suggestion.box, "correct", suggestion.category_id, ", as it should be");
    return shot_html(split_.coco.images[position].file_name, shown, whole_view(shown), boxes, "");
  }

  /// Both boxes and as much around them on each side as they are large, at least 32 pixels, within the image.
  static Box surroundings(const Suggestion& suggestion, const Image& image) {
    Box part = to_corners(suggestion.box);
    if (suggestion.was) {
      const Box was = to_corners(suggestion.was->box);
      part = {std::min(part.x1, was.x1), std::min(part.y1, was.y1), std::max(part.x2, was.x2),
              std::max(part.y2, was.y2)};
    }
    const double margin = std::max({32.0, part.width(), part.height()});
    const auto width = static_cast<double>(image.width()), height = static_cast<double>(image.height());
    const auto low = [&](double edge, double size) { return std::clamp(std::floor(edge - margin), 0.0, size - 1); };
    const auto high = [&](double edge, double size, double from) {
      return std::clamp(std::ceil(edge + margin), from + 1, size);
    };
    const double x1 = low(part.x1, width), y1 = low(part.y1, height);
    return {x1, y1, high(part.x2, width, x1), high(part.y2, height, y1)};
  }

  const CocoSplit& split_;
  std::vector<std::string> names_;
  std::unordered_map<std::int64_t, std::size_t> images_;
  std::unordered_map<std::int64_t, Index> labels_;
  std::unordered_map<std::int64_t, std::vector<const CocoAnnotation*>> annotations_;
};

}  // namespace detail

/// Writes a page of the first `count` suggestions about a split, in one file that needs no other: each with a picture
/// of the place, to be accepted or rejected. It offers the decisions as a file for `read_decisions`.
/// @throws FileError, also for an image that cannot be read.
inline void write_review_page(const std::filesystem::path& path, const std::string& subtitle, const CocoSplit& split,
                              const std::vector<Suggestion>& suggestions, std::size_t count) {
  const std::string limit = suggestions.size() > count ? concat("; the first ", count, " of ", suggestions.size()) : "";
  std::vector<detail::PageSection> sections;
  if (!suggestions.empty())
    sections.push_back({"gallery", "Suggestions", detail::ReviewWriter(split).html(suggestions, count)});
  write_text_file(path, detail::page_html("Review of annotations", subtitle + limit, sections));
}

}  // namespace amdefect
