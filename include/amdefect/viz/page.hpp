#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/viz/page_script.hpp"
#include "amdefect/viz/page_style.hpp"
#include "amdefect/viz/text.hpp"

namespace amdefect::detail {

/// RFC 4648.
inline std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return i + k < bytes.size() ? std::uint32_t{bytes[i + k]} : 0u; };
    const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t k = 0; k < 4; ++k) text += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// A part of a page: its id for links and its heading as plain text, its HTML. One without HTML is left out.
struct PageSection {
  std::string id, heading, html;
};

/// A whole page in one file; `title` and `subtitle` are plain text.
inline std::string page_html(const std::string& title, const std::string& subtitle,
                             const std::vector<PageSection>& sections) {
  std::string links, body;
  for (const PageSection& section : sections) {
    if (section.html.empty()) continue;
    const std::string id = escape_markup(section.id), heading = escape_markup(section.heading);
    links += concat("<a href=\"#", id, "\">", heading, "</a>");
    body += concat("<section id=\"", id, "\">\n<h2>", heading, "</h2>\n", section.html, "</section>\n");
  }
  if (body.empty()) body = "<p>There is nothing to show.</p>\n";
  const std::string name = escape_markup(title);
  const bool several = links.find("<a", 1) != std::string::npos;
  return concat("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
                "<meta name=\"color-scheme\" content=\"light dark\">\n<title>", name, "</title>\n<style>\n", page_css(),
                "</style>\n</head>\n<body>\n<header>\n<h1>", name, "</h1>\n",
                "<button id=\"theme\" type=\"button\" title=\"Switch between light and dark\">Light / dark</button>\n",
                subtitle.empty() ? "" : concat("<p class=\"sub\">", escape_markup(subtitle), "</p>\n"),
                several ? "<nav aria-label=\"Sections\">" + links + "</nav>\n" : "", "</header>\n<main>\n", body,
                "</main>\n<footer><p>Written by amdefect. This page needs no network.</p></footer>\n",
                "<div id=\"tip\" role=\"status\"></div>\n<script>", page_script, "</script>\n</body>\n</html>\n");
}

/// A table that scrolls where it is too wide for the screen; a tall one also has a limited height.
inline std::string open_table(std::string_view style, bool tall) {
  return concat(tall ? "<div class=\"scroll tall\" tabindex=\"0\">" : "<div class=\"scroll\">", "<table class=\"",
                style, "\">");
}

/// A table; the cells are plain text. Columns from `text_from` on hold sentences.
inline std::string table_html(const std::vector<std::vector<std::string>>& rows, const std::string& caption,
                              std::size_t text_from = SIZE_MAX) {
  std::string html = open_table("numbers", rows.size() > 20);
  if (!caption.empty()) html += concat("<caption>", escape_markup(caption), "</caption>");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    html += i == 0 ? "<thead><tr>" : "<tr>";
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      const std::string cell = escape_markup(rows[i][j]);
      const std::string style = j >= text_from ? " class=\"text\"" : "";
      if (i == 0 || j == 0)
        html += concat("<th scope=\"", i == 0 ? "col" : "row", "\"", style, ">", cell, "</th>");
      else
        html += concat("<td", style, ">", cell, "</td>");
    }
    html += i == 0 ? "</tr></thead>\n<tbody>" : "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

/// A plot in a page, with the HTML of a line below it.
inline std::string chart_html(std::string svg, const std::string& caption = "") {
  const std::string name_space = " xmlns=\"http://www.w3.org/2000/svg\"";  // which HTML implies
  svg.erase(svg.find(name_space), name_space.size());
  return concat("<figure class=\"chart\">", svg,
                caption.empty() ? "" : concat("<figcaption>", caption, "</figcaption>"), "</figure>\n");
}

/// Names and values, plain text.
inline std::string list_html(std::string_view style, const std::vector<std::pair<std::string, std::string>>& entries) {
  if (entries.empty()) return "";
  std::string html = concat("<dl class=\"", style, "\">");
  for (const auto& [name, value] : entries)
    html += concat("<div><dt>", escape_markup(name), "</dt><dd>", escape_markup(value), "</dd></div>\n");
  return html + "</dl>\n";
}

}  // namespace amdefect::detail
