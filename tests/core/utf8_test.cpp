#include "amdefect/core/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace amdefect::detail;

TEST_CASE("code points become UTF-8 of the length that their size needs, and come back") {
  const struct {
    std::uint32_t first, last;
    std::size_t length;
  } ranges[] = {{0, 0x7F, 1}, {0x80, 0x7FF, 2}, {0x800, 0xD7FF, 3}, {0xE000, 0xFFFF, 3}, {0x10000, 0x10FFFF, 4}};
  for (const auto& [first, last, length] : ranges)
    for (const std::uint32_t code : {first, first + 0x2B, (first + last) / 2, last}) {
      CAPTURE(code);
      std::string text = "<";
      append_utf8(text, code);
      CHECK(text.size() == 1 + length);
      CHECK(utf8_sequence(text.substr(1) + "\x80") == length);
      CHECK(decode_utf8(text.substr(1)) == code);
      CHECK(is_utf8(text + '>'));
      if (length > 1) CHECK_FALSE(is_utf8(text.substr(0, length)));  // cut off
    }
  std::string euro;
  append_utf8(euro, 0x20AC);
  CHECK(euro == "\xE2\x82\xAC");
  CHECK(utf8_sequence("") == 0);
}

TEST_CASE("overlong forms, surrogates, too large numbers and broken sequences are no UTF-8") {
  for (const char* text :
       {"\x80", "\xC1\xBF", "\xC3(", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2(\xAC", "\xE2\x82(", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0(\x94\xA5", "\xF0\x9F(\xA5", "\xF0\x9F\x94(", "\xFF"}) {
    CHECK_MESSAGE(utf8_sequence(text) == 0, text);
    CHECK_FALSE(is_utf8(std::string("a") + text));
  }
}
