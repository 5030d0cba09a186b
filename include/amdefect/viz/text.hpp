#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "amdefect/core/number_text.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/io/csv.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/metrics/coco_validate.hpp"

namespace amdefect {

namespace detail {

/// Whether XML 1.0 allows the character that `sequence` encodes: control characters and U+FFFE, U+FFFF are not.
inline bool is_xml_character(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
  return sequence != "\xEF\xBF\xBE" && sequence != "\xEF\xBF\xBF";
}

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

}  // namespace detail

/// Text for HTML or XML, between tags or in a quoted attribute. What is not UTF-8 or no character of XML becomes
/// U+FFFD.
inline std::string escape_markup(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = detail::utf8_sequence(text);
    const std::string_view character = text.substr(0, length);
    if (length == 0 || !detail::is_xml_character(character))
      result += detail::replacement_character;
    else if (character == "&")
      result += "&amp;";
    else if (character == "<")
      result += "&lt;";
    else if (character == ">")
      result += "&gt;";
    else if (character == "\"")
      result += "&quot;";
    else if (character == "'")
      result += "&#39;";
    else
      result += character;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

/// The number of characters (code points) of a UTF-8 text.
inline Index count_characters(std::string_view text) {
  Index count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  return count;
}

/// At most `limit` characters of a UTF-8 text, the last one an ellipsis where something is left out.
inline std::string shorten(std::string_view text, Index limit) {
  if (count_characters(text) <= limit) return std::string(text);
  std::size_t end = 0;
  for (Index taken = 0; end < text.size(); ++end) {
    taken += (static_cast<unsigned char>(text[end]) & 0xC0u) != 0x80u;
    if (taken == limit) break;
  }
  return std::string(text.substr(0, end)) + "\xE2\x80\xA6";
}

/// A number with at most `digits` significant digits and no needless characters: 0.25, 12000, 1e-5; a dash for NaN and
/// infinities. Does not depend on the locale.
inline std::string compact_number(double value, int digits = 4) {
  if (!detail::is_finite(value)) return "\xE2\x80\x93";
  if (value == 0) return "0";
  // Whole numbers keep all their digits up to a million, where %g would switch to an exponent.
  const bool whole = std::abs(value) < 1e6 && value == std::round(value);
  char buffer[64];
  const auto end = whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<long long>(value)).ptr
                         : std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, digits).ptr;
  std::string text(buffer, end);
  if (const std::size_t e = text.find('e'); e != std::string::npos) {  // 1e-05 -> 1e-5, 1e+06 -> 1e6
    std::size_t digit = e + 1;
    if (text[digit] == '-') ++digit;
    while (digit < text.size() && (text[digit] == '+' || (text[digit] == '0' && digit + 1 < text.size())))
      text.erase(digit, 1);
  }
  return text;
}

/// A number with `decimals` digits behind the point; a dash for NaN and infinities. Does not depend on the locale.
inline std::string fixed_number(double value, int decimals) {
  if (!detail::is_finite(value) || std::abs(value) > 1e15) return compact_number(value);
  return decimal_number(value, decimals);
}

/// All digits that are needed to read the same double again; nothing for NaN and infinities.
inline std::string exact_number(double value) { return detail::is_finite(value) ? shortest_number(value) : ""; }

}  // namespace amdefect
