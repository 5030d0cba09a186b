#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "amdefect/core/error.hpp"
#include "amdefect/core/from_chars.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/core/utf8.hpp"

namespace amdefect::detail {

/// `text` as a JSON string with its quotes; UTF-8 stays as it is. Also keeps any name on one line of an error message.
inline std::string json_quote(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += {hex[static_cast<std::size_t>(c) >> 4], hex[static_cast<std::size_t>(c) & 15]};
    } else {
      out += c;
    }
  }
  return out += '"';
}

/// Reads the tokens of a JSON text one after the other. Strict: whatever RFC 8259 does not allow is a FileError.
///
/// The caller asks for what its format expects next, so there is no recursion that deep nesting could exhaust.
class JsonText {
 public:
  /// `where` starts every message, e.g. the file's name. Both must outlive the reader.
  JsonText(std::string_view text, std::string_view where) : text_(text), where_(where) {
    if (!is_utf8(text)) fail("text in UTF-8", "other bytes");
  }

  /// Takes the punctuation mark if it comes next.
  bool accept(char mark) {
    const bool found = next_is(mark);
    position_ += found;
    return found;
  }
  void expect(char mark) {
    if (!accept(mark)) fail(concat('\'', mark, '\''));
  }
  void expect_end() {
    skip_space();
    if (position_ != text_.size()) fail("the end of the text");
  }

  /// Calls `item()` for each item of an array or object that ends with `close`; the opening mark was taken before.
  template <class Item>
  void list(char close, Item&& item) {
    if (accept(close)) return;
    do item();
    while (accept(','));
    expect(close);
  }

  /// A string with all its escapes resolved.
  std::string string() {
    if (!accept('"')) fail("a string");
    std::string out;
    while (true) {
      const char c = next();
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) fail("no bare control character in a string", "one");
      if (c == '\\')
        escape(out);
      else
        out += c;
    }
  }

  /// An integer of at least 0 without sign, fraction or exponent.
  Index integer() {
    skip_space();
    if (!digit_ahead()) fail("a non-negative integer");
    if (text_[position_] == '0') {
      ++position_;
      if (digit_ahead()) fail("an integer without leading zeros");
      return 0;
    }
    Index value = 0;
    while (digit_ahead()) {
      const Index digit = text_[position_++] - '0';
      if (value > (std::numeric_limits<Index>::max() - digit) / 10)
        fail("an integer of at most 63 bits", "a larger one");
      value = value * 10 + digit;
    }
    return value;
  }

  /// Any JSON number.
  double number() { return to_double(number_token()); }

  /// The text of any JSON number.
  std::string_view number_token() {
    skip_space();
    const std::size_t begin = position_;
    std::size_t end = begin;
    const auto digits = [&] {
      const std::size_t first = end;
      while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
      return end - first;
    };
    const auto mark = [&](std::string_view marks) {
      const bool found = end < text_.size() && marks.find(text_[end]) != std::string_view::npos;
      end += found;
      return found;
    };
    mark("-");
    bool valid = mark("0") || digits() > 0;
    if (valid && mark(".")) valid = digits() > 0;
    if (valid && mark("eE")) {
      mark("+-");
      valid = digits() > 0;
    }
    if (!valid || mark("+-.0123456789eE")) fail("a number");  // more of it, e.g. after a leading zero
    position_ = end;
    return text_.substr(begin, end - begin);
  }
  double to_double(std::string_view token) const {
    double value = 0;
    const std::errc problem = detail::from_chars(token.data(), token.data() + token.size(), value).ec;
    if (problem != std::errc{}) fail("a number that fits into a double", std::string(token));
    return value;
  }

  /// Whether that mark comes next; `accept` takes it as well.
  bool next_is(char mark) {
    skip_space();
    return position_ < text_.size() && text_[position_] == mark;
  }
  /// Takes the word (`true`, `false`, `null`) if it comes next.
  bool accept_word(std::string_view word) {
    skip_space();
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
  }

  /// @throws FileError always: where, what was expected, and what comes next in the text.
  [[noreturn]] void fail(const std::string& expected) const {
    const std::string_view ahead = text_.substr(position_, 16);
    fail(expected, ahead.empty() ? "the end of the text" : json_quote(ahead));
  }
  [[noreturn]] void fail(const std::string& expected, const std::string& found) const {
    throw FileError(concat(where_, "at byte ", position_, ": expected ", expected, ", found ", found));
  }

 private:
  bool digit_ahead() const { return position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9'; }
  void skip_space() {
    constexpr std::string_view space = " \t\n\r";
    while (position_ < text_.size() && space.find(text_[position_]) != std::string_view::npos) ++position_;
  }
  char next() {
    if (position_ >= text_.size()) fail("the end of a string");
    return text_[position_++];
  }

  void escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const char letter = next();
    if (letter == 'u') return append_utf8(out, code_point());
    const std::size_t which = letters.find(letter);
    if (which == std::string_view::npos) fail("one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u", json_quote({&letter, 1}));
    out += meanings[which];
  }
  /// The number behind \u; code points above 0xFFFF are written as a high and a low surrogate.
  std::uint32_t code_point() {
    const std::uint32_t code = four_hex_digits();
    if (code < 0xD800 || code > 0xDFFF) return code;
    const bool pair_follows = code < 0xDC00 && text_.substr(position_, 2) == "\\u";
    if (!pair_follows) fail("surrogates in pairs", "a lone one");
    position_ += 2;
    const std::uint32_t low = four_hex_digits();
    if (low < 0xDC00 || low > 0xDFFF) fail("surrogates in pairs", "a lone one");
    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  std::uint32_t four_hex_digits() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = next();
      std::uint32_t digit = 16;
      if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
      if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a') + 10;
      if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A') + 10;
      if (digit > 15) fail("four hexadecimal digits", json_quote({&c, 1}));
      value = value * 16 + digit;
    }
    return value;
  }

  std::string_view text_, where_;
  std::size_t position_ = 0;
};

}  // namespace amdefect::detail
