#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "amdefect/core/error.hpp"
#include "amdefect/core/from_chars.hpp"

// Numbers as text and back, the same whatever locale a program has chosen for itself.
namespace amdefect {

/// "1 object", "2 objects"; `several` is the noun's plural where it is not one with an s.
template <std::integral Count>
std::string quantity(Count count, std::string_view noun, std::string_view several = {}) {
  if (count == 1) return concat("1 ", noun);
  return several.empty() ? concat(count, ' ', noun, 's') : concat(count, ' ', several);
}

/// All digits that are needed to read the same double again.
inline std::string shortest_number(double value) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

/// With so many digits behind the point, as printf's %.2f.
inline std::string decimal_number(double value, int digits) {
  char buffer[512];  // the largest double has 309 digits before its point
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits).ptr};
}

/// With so many digits in all, as printf's %.4g.
inline std::string rounded_number(double value, int digits) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, digits).ptr};
}

/// In hexadecimal, as printf's %a: every bit comes back with `parse_number`.
inline std::string hexadecimal_number(double value) {
  char buffer[64];
  char* const end = std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::hex).ptr;
  return std::string(std::signbit(value) ? "-" : "") + (std::isfinite(value) ? "0x" : "") + std::string(buffer, end);
}

/// The number that the whole text is, in decimal or, for a floating-point type, behind 0x in hexadecimal; a plus sign
/// may stand before it. A whole number of an integer type may also be written as 1.0 or 1e3. Nothing for any other
/// text, and for a number that the type cannot hold.
template <class Number>
requires(std::integral<Number> ||
         std::floating_point<Number>) std::optional<Number> parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto whole_text = [&](auto& value, auto... format) {
    const auto [end, problem] = detail::from_chars(text.data(), text.data() + text.size(), value, format...);
    return problem == std::errc{} && end == text.data() + text.size();
  };
  if constexpr (std::integral<Number>) {
    Number value{};
    if (whole_text(value)) return value;
    double written = 0;
    constexpr double most = 0x1p53;  // above, a double is not every whole number
    if (!whole_text(written) || std::abs(written) > most || written != std::trunc(written)) return std::nullopt;
    const auto integer = static_cast<long long>(written);
    if (!std::in_range<Number>(integer)) return std::nullopt;
    return static_cast<Number>(integer);
  } else {
    const bool negative = text.starts_with('-');
    Number value{};
    if (text.substr(negative ? 1 : 0).starts_with("0x")) {
      text.remove_prefix(negative ? 3 : 2);
      if (text.starts_with('-') || !whole_text(value, std::chars_format::hex)) return std::nullopt;
      return negative ? -value : value;
    }
    if (!whole_text(value)) return std::nullopt;
    return value;
  }
}

/// The number that a text is, for an option of a program: finite, and from `least` to `most`. `words` names what else
/// the option may be, e.g. "auto or ". @throws Error that says what was expected and what was found.
template <class Number>
Number read_number(std::string_view text, Number least, Number most = std::numeric_limits<Number>::max(),
                   std::string_view words = "") {
  const auto number = parse_number<Number>(text);
  if (number && *number >= least && *number <= most) return *number;
  constexpr std::size_t shown = 40;
  const std::string range = most == std::numeric_limits<Number>::max() ? concat(" of at least ", least)
                                                                       : concat(" from ", least, " to ", most);
  throw Error(concat("expected ", words, std::integral<Number> ? "a whole number" : "a number", range, ", found '",
                     text.substr(0, shown), text.size() > shown ? "...'" : "'"));
}

/// Letters of the alphabet without marks in lower case, all other bytes as they are.
inline std::string ascii_lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace amdefect
