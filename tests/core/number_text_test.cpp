#include "amdefect/core/number_text.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "comma_locale.hpp"

using namespace amdefect;

TEST_CASE("numbers are written the same in every locale") {
  const CommaLocale comma;
  CHECK(shortest_number(1234.5) == "1234.5");
  CHECK(decimal_number(0.7, 3) == "0.700");
  CHECK(decimal_number(-1, 3) == "-1.000");
  CHECK(quantity(1, "box", "boxes") + quantity(0, "image") + quantity(12345, "box", "boxes") ==
        "1 box0 images12345 boxes");
  CHECK(decimal_number(std::numeric_limits<double>::max(), 2).size() == 312);
  CHECK(rounded_number(12345.678, 4) == "1.235e+04");
  CHECK(rounded_number(0.25, 4) == "0.25");
}

TEST_CASE("hexadecimal numbers are those of printf, and come back with every bit") {
  CHECK(hexadecimal_number(1) == "0x1p+0");
  CHECK(hexadecimal_number(-0.1) == "-0x1.999999999999ap-4");
  using Limits = std::numeric_limits<double>;
  for (const double value : {0.0, -0.0, 1.0, -0.1, 1e300, Limits::denorm_min(), Limits::max(), -Limits::infinity()}) {
    const auto read = parse_number<double>(hexadecimal_number(value));
    REQUIRE(read.has_value());
    CHECK(*read == value);
    CHECK(std::signbit(*read) == std::signbit(value));
  }
  CHECK(std::isnan(parse_number<double>("nan").value()));
}

TEST_CASE("a number is the whole text") {
  const CommaLocale comma;
  CHECK(parse_number<double>("0.001") == 0.001);
  CHECK(parse_number<double>("+2e-3") == 2e-3);
  for (const char* text : {"", "0,001", "1.2.3", "1 ", " 1", "0x", "0x-1", "--1", "+-1", "1e999", "half"})
    CHECK_MESSAGE(!parse_number<double>(text), text);
  CHECK(parse_number<int>("7") == 7);
  CHECK(parse_number<int>("-7") == -7);
  CHECK(parse_number<int>("1.0") == 1);
  CHECK(parse_number<int>("1e3") == 1000);
  CHECK(parse_number<std::uint64_t>("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "1.5", "3000000000", "1e300", "nan", "inf", "true", "0x10", "1,0"})
    CHECK_MESSAGE(!parse_number<int>(text), text);
  CHECK(!parse_number<std::uint64_t>("-1"));
  CHECK(!parse_number<std::uint64_t>("-1.0"));
}

TEST_CASE("an option of a program is a number within its limits, or an error tells both") {
  CHECK(read_number<int>("1", 1, 3) == 1);
  CHECK(read_number<int>("3", 1, 3) == 3);
  CHECK_THROWS_WITH_AS(read_number<int>("0", 1, 3), "expected a whole number from 1 to 3, found '0'", Error);
  CHECK_THROWS_WITH_AS(read_number<double>("x", 0.5), "expected a number of at least 0.5, found 'x'", Error);
  CHECK_THROWS_WITH_AS(read_number<int>(std::string(41, '9'), 0, 3, "auto or "),
                       doctest::Contains("expected auto or a whole number from 0 to 3, found '99999"), Error);
}

TEST_CASE("where the compiler has no from_chars for them, the C library reads the same numbers") {
  const CommaLocale comma;
  using Limits = std::numeric_limits<double>;
  const auto read = [](const std::string& text, std::chars_format format) -> std::optional<double> {
    double value = 0;
    const auto [end, problem] = detail::float_by_strtod(text.data(), text.data() + text.size(), value, format);
    if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  for (const double value : {0.0, 0.1, -1234.5, 1e300, Limits::max(), Limits::min(), 3e-310, Limits::denorm_min()}) {
    CHECK(read(shortest_number(value), std::chars_format::general) == value);
    char hex[64];
    CHECK(read({hex, std::to_chars(hex, hex + sizeof hex, value, std::chars_format::hex).ptr},
               std::chars_format::hex) == value);
  }
  CHECK(read("-inf", std::chars_format::general) == -Limits::infinity());
  CHECK(read(".5", std::chars_format::general) == 0.5);
  for (const char* text :
       {"", "-", "0,5", "1.234,5", " 1", "1 ", "+1", "--1", "-+1", "0x1", "1e999", "-1e999", "1e-999"})
    CHECK_MESSAGE(!read(text, std::chars_format::general), text);
  for (const char* text : {"", "0x1", " 1", "+1", "g"}) CHECK_MESSAGE(!read(text, std::chars_format::hex), text);
  float narrow = 0;
  const std::string text = "16777217.000000001";  // of which a double would lose the last digit
  detail::float_by_strtod(text.data(), text.data() + text.size(), narrow, std::chars_format::general);
  CHECK(narrow == 16777218.0F);
}

TEST_CASE("lower case leaves all but the 26 letters alone") { CHECK(ascii_lower("TIFF Ä\xff_Z") == "tiff Ä\xff_z"); }
