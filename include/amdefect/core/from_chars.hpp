#pragma once

// newlocale() and strtod_l(), which <clocale> and <cstdlib> do not promise.
#include <locale.h>  // NOLINT(modernize-deprecated-headers)
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers)

#include <cerrno>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "amdefect/core/error.hpp"

namespace amdefect::detail {

/// std::from_chars by the C library. In hexadecimal it takes neither infinity nor NaN.
template <std::floating_point Number>
std::from_chars_result float_by_strtod(const char* begin, const char* end, Number& value,
                                       std::chars_format format = std::chars_format::general) {
  static const locale_t plain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  require(plain != nullptr, "the C library has no locale \"C\"");
  const bool hex = format == std::chars_format::hex, negative = begin != end && *begin == '-';
  std::string text(hex ? "0x" : "");
  const auto prefix = static_cast<std::ptrdiff_t>(text.size());
  for (const char* at = begin + negative; at != end && *at != 'x' && *at != 'X'; ++at) text += *at;
  constexpr std::string_view skipped = " \t\n\v\f\r+-";  // by strtod: spaces and one more sign
  if (skipped.find(text.c_str()[prefix]) != std::string_view::npos) return {begin, std::errc::invalid_argument};
  char* stop = nullptr;
  Number read{};
  errno = 0;
  if constexpr (std::same_as<Number, float>)
    read = ::strtof_l(text.c_str(), &stop, plain);
  else if constexpr (std::same_as<Number, double>)
    read = ::strtod_l(text.c_str(), &stop, plain);
  else
    read = ::strtold_l(text.c_str(), &stop, plain);
  const std::ptrdiff_t taken = stop - text.c_str() - prefix;
  if (taken <= 0) return {begin, std::errc::invalid_argument};
  const char* const after = begin + negative + taken;
  if (errno == ERANGE && (read == 0 || std::isinf(read))) return {after, std::errc::result_out_of_range};
  value = negative ? -read : read;
  return {after, std::errc{}};
}

/// std::from_chars, of floating-point numbers also where the library has none: libc++ before version 20.
template <class Number, class... Format>
std::from_chars_result from_chars(const char* begin, const char* end, Number& value, Format... format) {
  if constexpr (requires { std::from_chars(begin, end, value, format...); })
    return std::from_chars(begin, end, value, format...);
  else
    return float_by_strtod(begin, end, value, format...);
}

}  // namespace amdefect::detail
