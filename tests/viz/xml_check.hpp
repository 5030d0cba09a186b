#pragma once

#include <cctype>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What keeps `text` from being well-formed XML (elements, attributes and the five named entities only); empty if
/// nothing does.
class XmlCheck {
 public:
  explicit XmlCheck(std::string_view text) : text_(text) {}

  std::string error() {
    int roots = 0;
    while (at_ < text_.size()) {
      if (text_[at_] != '<') {
        const std::size_t end = std::min(text_.find('<', at_), text_.size());
        if (!sound(text_.substr(at_, end - at_))) return "text with a bare & or >: " + excerpt();
        at_ = end;
      } else if (text_.substr(at_, 2) == "</") {
        const std::size_t end = text_.find('>', at_);
        if (end == std::string_view::npos || open_.empty()) return "unexpected closing tag: " + excerpt();
        if (text_.substr(at_ + 2, end - at_ - 2) != open_.back()) return open_.back() + " is closed by " + excerpt();
        open_.pop_back();
        at_ = end + 1;
      } else {
        if (open_.empty() && roots++ > 0) return "a second root: " + excerpt();
        if (!element()) return "broken tag: " + excerpt();
      }
    }
    return open_.empty() ? "" : open_.back() + " is never closed";
  }

 private:
  std::string excerpt() const { return std::string(text_.substr(at_, 60)); }

  static bool sound(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '>' || text[i] == '<' || static_cast<unsigned char>(text[i]) < 9) return false;
      if (text[i] != '&') continue;
      bool known = false;
      for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"})
        known = known || text.substr(i, entity.size()) == entity;
      if (!known) return false;
    }
    return true;
  }
  std::string name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '-')) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  /// An opening or empty tag; leaves `at_` at the fault if there is one.
  bool element() {
    ++at_;
    const std::string tag = name();
    if (tag.empty()) return false;
    std::set<std::string> attributes;
    for (;;) {
      const std::size_t before = at_;
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
      if (text_.substr(at_, 2) == "/>") return at_ += 2, true;
      if (text_.substr(at_, 1) == ">") return ++at_, open_.push_back(tag), true;
      if (before == at_) return false;  // attributes are separated by spaces
      const std::string attribute = name();
      if (attribute.empty() || !attributes.insert(attribute).second) return false;
      if (text_.substr(at_, 2) != "=\"") return false;
      at_ += 2;
      const std::size_t end = text_.find('"', at_);
      if (end == std::string_view::npos || !sound(text_.substr(at_, end - at_))) return false;
      at_ = end + 1;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
};

inline std::string xml_error(std::string_view text) { return XmlCheck(text).error(); }

inline std::size_t count_text(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}
