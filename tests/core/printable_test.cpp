#include "amdefect/core/printable.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "amdefect/core/error.hpp"

using namespace amdefect;

TEST_CASE("a printable text shows what would act on a terminal") {
  CHECK(printable("pore \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x94\xA5 \\x1b") ==
        "pore \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x94\xA5 \\x1b");
  CHECK(printable("\x1B[31m\n\r\t\x7F") == "\\x1b[31m\\x0a\\x0d\\x09\\x7f");
  CHECK(printable("\xC2\x9B"
                  "2J") == "\\u009b2J");  // an escape sequence of one character
  CHECK(printable("a\xE2\x80\xAE"
                  "gpj.exe") == "a\\u202egpj.exe");  // from right to left
  CHECK(printable("\xE2\x80\xA8\xEF\xBB\xBF") == "\\u2028\\ufeff");
  CHECK(printable("\xFF\x9B\xC3") == "\\xff\\x9b\\xc3");  // not UTF-8
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
  const std::string once = printable("\x1B\xFF\xC2\x9B");
  CHECK(printable(once) == once);
}

TEST_CASE("errors are one line without control characters, whatever is in them") {
  CHECK(std::string(Error("a\nb\x1B[2J").what()) == "a\\x0ab\\x1b[2J");
  CHECK(std::string(FileError("\x9B").what()) == "\\x9b");
  CHECK_THROWS_WITH(require(false, "class '\x1B]0;", "title\x07'"), "class '\\x1b]0;title\\x07'");
}
