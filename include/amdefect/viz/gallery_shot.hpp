#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/image/box_frame.hpp"
#include "amdefect/viz/gallery.hpp"
#include "amdefect/viz/page.hpp"

// What the images of all galleries are drawn with.
namespace amdefect::detail {

/// The name of a class, or its number where there is none.
inline std::string class_name(const std::vector<std::string>& names, Index label) {
  const bool known = label >= 0 && label < static_cast<Index>(names.size());
  return known ? names[static_cast<std::size_t>(label)] : concat("class ", label);
}

/// The attribute that gives a box the colour of its class.
inline std::string class_style(Index label) {
  const Rgb color = class_color(std::max<Index>(label, 0));
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color[0], color[1], color[2]);
  return concat(" style=\"--c:", text, '"');
}

/// A frame as an element of SVG: closed, or of the four corners alone, the longer the higher the confidence. With its
/// size the style sheet moves it out of the object.
inline std::string frame_svg(const Box& box, Confidence confidence, std::string_view attributes) {
  const double width = std::max(box.width(), 0.0), height = std::max(box.height(), 0.0);
  const std::string size =
      concat(" style=\"--w:", svg_number(std::max(width, 0.1)), ";--h:", svg_number(std::max(height, 0.1)), "\"/>");
  if (confidence == Confidence::high)
    return concat("<rect", attributes, svg_attribute("x", box.x1), svg_attribute("y", box.y1),
                  svg_attribute("width", width), svg_attribute("height", height), size);
  const double across = frame_corner(confidence) * width, down = frame_corner(confidence) * height;
  std::string path;
  for (const double y_sign : {1.0, -1.0})
    for (const double x_sign : {1.0, -1.0}) {
      const double x = x_sign > 0 ? box.x1 : box.x1 + width, y = y_sign > 0 ? box.y1 : box.y1 + height;
      path += concat('M', svg_number(x + x_sign * across), ' ', svg_number(y), 'H', svg_number(x), 'V',
                     svg_number(y + y_sign * down));
    }
  return concat("<path", attributes, " d=\"", path, '"', size);
}

/// One box: a dark casing, the frame, and its text, which the page's script moves to where it hides nothing.
inline std::string box_svg(const Box& box, Confidence confidence, const std::string& classes, double score,
                           const std::string& label, const std::string& hint, const std::string& style) {
  return concat("<g class=\"box ", classes, "\" data-s=\"", is_finite(score) ? compact_number(score, 8) : "never",
                "\" data-t=\"", escape_markup(hint), '"', style, '>', frame_svg(box, confidence, " class=\"casing\""),
                frame_svg(box, confidence, ""), "<text", svg_attribute("x", box.x1), svg_attribute("y", box.y1), '>',
                escape_markup(label), "</text></g>\n");
}

/// A switch above a gallery.
inline std::string gallery_switch(std::string_view text, std::string_view attributes) {
  return concat("<label><input type=\"checkbox\" ", attributes, ">", text, "</label>\n");
}

inline std::string key_entry(std::string_view classes, const std::string& style, const std::string& text,
                             Confidence confidence = Confidence::high) {
  const Box frame{4, 3, 22, 13};
  return concat("<li><svg viewBox=\"0 0 26 16\" aria-hidden=\"true\"><g class=\"box ", classes, "\"", style, '>',
                frame_svg(frame, confidence, " class=\"casing\""), frame_svg(frame, confidence, ""), "</g></svg>",
                escape_markup(text), "</li>\n");
}
/// An entry of the key for each of these classes.
inline std::string class_key_entries(const std::vector<Index>& labels, const std::vector<std::string>& names) {
  std::string html;
  for (const Index label : labels) html += key_entry("plain", class_style(label), class_name(names, label));
  return html;
}

/// What the frames of these steps of confidence look like.
inline std::string confidence_key_entries(const ConfidenceSteps& steps) {
  return key_entry("sample", "", concat("score from ", fixed_number(steps.high, 2))) +
         key_entry("sample", "", concat("from ", fixed_number(steps.medium, 2)), Confidence::medium) +
         key_entry("sample", "", "below", Confidence::low);
}

/// An image of a gallery: `boxes` are its boxes as SVG, `caption` is the HTML of the line below its name. `view` is the
/// part that is shown, in pixels of the picture; it may reach beyond it.
inline std::string shot_html(const std::string& file_name, const GalleryPicture& picture, const Box& view,
                             const std::string& boxes, const std::string& caption) {
  const std::string name = escape_markup(file_name);
  const std::string image =
      picture.jpeg.empty()
          ? ""
          : concat("<image width=\"", picture.width, "\" height=\"", picture.height,
                   "\" preserveAspectRatio=\"none\" href=\"data:image/jpeg;base64,", base64(picture.jpeg), "\"/>\n");
  return concat("<figure class=\"shot\"><div class=\"frame\" tabindex=\"0\" role=\"group\" aria-label=\"", name,
                ": arrow keys step through the boxes\"><svg viewBox=\"", svg_number(view.x1), ' ', svg_number(view.y1),
                ' ', svg_number(view.width()), ' ', svg_number(view.height()), "\" role=\"img\" aria-label=\"", name,
                "\" style=\"--px:", fixed_number(view.width() / 360, 3), "\">", image, boxes,
                "</svg></div>\n<figcaption><span class=\"name\" title=\"", name, "\">", name, "</span>", caption,
                "<button type=\"button\" aria-expanded=\"false\">Enlarge</button></figcaption></figure>\n");
}

/// The whole picture as a view.
inline Box whole_view(const GalleryPicture& picture) {
  return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)};
}

/// The images of a gallery below the headings of their groups; `shot(item)` gives the HTML of one.
template <class Item, class Shot>
std::string shots_html(const std::vector<Item>& items, Shot&& shot) {
  std::string html;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool first = i == 0 || items[i].group != items[i - 1].group;
    if (first && i > 0) html += "</div>\n";
    if (first && !items[i].group.empty()) html += concat("<h3>", escape_markup(items[i].group), "</h3>\n");
    if (first) html += "<div class=\"shots\">\n";
    html += shot(items[i]);
  }
  return html.empty() ? "" : html + "</div>\n";
}

}  // namespace amdefect::detail
