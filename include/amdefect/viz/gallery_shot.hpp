#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/image/draw.hpp"
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

/// A switch above a gallery.
inline std::string gallery_switch(std::string_view text, std::string_view attributes) {
  return concat("<label><input type=\"checkbox\" ", attributes, ">", text, "</label>\n");
}

inline std::string key_entry(std::string_view classes, const std::string& style, const std::string& text) {
  return concat("<li><svg viewBox=\"0 0 26 16\" aria-hidden=\"true\"><g class=\"box ", classes, "\"", style,
                "><rect class=\"casing\" x=\"4\" y=\"3\" width=\"18\" height=\"10\"/>"
                "<rect x=\"4\" y=\"3\" width=\"18\" height=\"10\"/></g></svg>",
                escape_markup(text), "</li>\n");
}
/// An entry of the key for each of these classes.
inline std::string class_key_entries(const std::vector<Index>& labels, const std::vector<std::string>& names) {
  std::string html;
  for (const Index label : labels) html += key_entry("plain", class_style(label), class_name(names, label));
  return html;
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
