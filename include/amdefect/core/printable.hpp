#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "amdefect/core/utf8.hpp"

namespace amdefect {

namespace detail {

/// Characters that act instead of showing something: controls, ends of lines, and those that change the direction of
/// the text around them.
inline bool is_control(std::uint32_t code) {
  const auto between = [code](std::uint32_t first, std::uint32_t last) { return first <= code && code <= last; };
  return code < 0x20 || between(0x7F, 0x9F) || between(0x200E, 0x200F) || between(0x2028, 0x202E) ||
         between(0x2066, 0x2069) || code == 0x061C || code == 0xFEFF;
}

}  // namespace detail

/// A text of unknown origin, such as a name out of a file, for one line of a terminal or of a list: characters that act
/// instead of showing something are written as `\x1b` or `\u202e`, and so are bytes that are not UTF-8. All else stays.
inline std::string printable(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string result;
  const auto escape = [&](char kind, std::uint32_t code, int digits) {
    result += '\\';
    result += kind;
    while (digits-- > 0) result += hex[code >> (4 * digits) & 15];
  };
  while (!text.empty()) {
    const std::size_t length = detail::utf8_sequence(text);
    const std::string_view character = text.substr(0, length);
    const std::uint32_t code = length == 0 ? static_cast<unsigned char>(text[0]) : detail::decode_utf8(character);
    if (length > 0 && !detail::is_control(code))
      result += character;
    else if (code < 0x80 || length == 0)
      escape('x', code, 2);
    else
      escape('u', code, 4);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace amdefect
