#pragma once

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "viz/xml_check.hpp"

/// The page is complete, its figures and tables are well-formed, and nothing in it leads to a network.
inline void check_page(const std::string& html) {
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(html.ends_with("</html>\n"));
  CHECK(html.find("http") == std::string::npos);
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("@import") == std::string::npos);
  CHECK(html.find("url(") == std::string::npos);
  CHECK(html.find(">nan<") == std::string::npos);
  for (const std::string tag : {"figure", "table", "dl", "nav"})
    for (std::size_t at = html.find("<" + tag); at != std::string::npos; at = html.find("<" + tag, at + 1)) {
      const std::string end = "</" + tag + ">";
      CHECK(xml_error(html.substr(at, html.find(end, at) + end.size() - at)) == "");
    }
  std::set<std::string> ids;
  for (std::size_t at = html.find(" id=\""); at != std::string::npos; at = html.find(" id=\"", at + 1))
    CHECK(ids.insert(html.substr(at, html.find('"', at + 5) - at)).second);
}
