#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "amdefect/data/sample.hpp"
#include "amdefect/viz/gallery_shot.hpp"

namespace amdefect {

/// A box of an annotated picture; those with a fault stand out. The hint is shown when one points at it.
struct AnnotatedBox {
  LabelledBox object;
  std::string hint{};
  bool faulty = false;
};

/// A picture with its annotations. Pictures of the same `group` stand together under it as a heading.
struct AnnotatedPicture {
  std::string group{}, name{}, caption{};
  GalleryPicture picture{};
  std::vector<AnnotatedBox> boxes{};
};

namespace detail {

/// The whole picture, and of what reaches beyond it at most a quarter of its size on each side.
inline Box view_with_boxes(const AnnotatedPicture& item) {
  Box view = whole_view(item.picture);
  const double across = view.width() / 4, down = view.height() / 4;
  for (const AnnotatedBox& box : item.boxes) {
    view.x1 = std::max(-across, std::min(view.x1, box.object.box.x1));
    view.y1 = std::max(-down, std::min(view.y1, box.object.box.y1));
    view.x2 = std::min(5 * across, std::max(view.x2, box.object.box.x2));
    view.y2 = std::min(5 * down, std::max(view.y2, box.object.box.y2));
  }
  return view;
}

inline std::string annotated_shot_html(const AnnotatedPicture& item, const std::vector<std::string>& class_names) {
  constexpr double no_score = std::numeric_limits<double>::quiet_NaN();
  std::string boxes;
  for (const bool faulty : {false, true})  // these last: on top
    for (const AnnotatedBox& box : item.boxes)
      if (box.faulty == faulty)
        boxes +=
            box_svg(box.object.box, Confidence::high, faulty ? "found fault" : "found plain", no_score,
                    class_name(class_names, box.object.label), box.hint, faulty ? "" : class_style(box.object.label));
  return shot_html(item.name, item.picture, view_with_boxes(item), boxes,
                   concat("<span class=\"counts\">", escape_markup(item.caption), "</span>"));
}

/// All pictures with switches and a key: the content of a section with the id "gallery".
inline std::string annotation_gallery_html(const std::vector<AnnotatedPicture>& items,
                                           const std::vector<std::string>& class_names) {
  if (items.empty()) return "";
  std::vector<Index> labels;
  bool faulty = false;
  for (const AnnotatedPicture& item : items)
    for (const AnnotatedBox& box : item.boxes) {
      labels.push_back(box.object.label);
      faulty = faulty || box.faulty;
    }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return concat("<div class=\"controls\">\n", gallery_switch("Boxes", "value=\"no-found\" checked"),
                gallery_switch("Labels", "value=\"labels\" data-adds"),
                "</div>\n<p class=\"note\">Point at a box, tap it, or step through the boxes of an image with the "
                "arrow keys to see its class and annotation.</p>\n<ul class=\"key\">",
                class_key_entries(labels, class_names), faulty ? key_entry("fault", "", "box in question") : "",
                "</ul>\n", shots_html(items, [&](const auto& item) { return annotated_shot_html(item, class_names); }));
}

}  // namespace detail
}  // namespace amdefect
