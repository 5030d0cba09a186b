#include "amdefect/io/json_value.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "amdefect/core/shape.hpp"
#include "amdefect/io/json_reader.hpp"
#include "error_of.hpp"

using namespace amdefect;

TEST_CASE("JSON values are written in order and read again exactly") {
  const JsonValue value{{"name", "a \"quoted\"\n name"},
                        {"yes", true},
                        {"nothing", JsonValue()},
                        {"smallest", std::numeric_limits<std::int64_t>::min()},
                        {"largest", std::numeric_limits<std::uint64_t>::max()},
                        {"beyond doubles", (std::int64_t{1} << 53) + 1},
                        {"tenth", 0.1},
                        {"whole", 2.0},
                        {"shape", JsonValue::array(Shape{3, 4})},
                        {"mixed", JsonValue::Array{1, "two", JsonValue::object()}}};
  const std::string text = value.to_text();
  CHECK(text ==
        "{\"name\":\"a \\\"quoted\\\"\\u000a name\",\"yes\":true,\"nothing\":null,\"smallest\":-9223372036854775808,"
        "\"largest\":18446744073709551615,\"beyond doubles\":9007199254740993,\"tenth\":0.1,\"whole\":2.0,"
        "\"shape\":[3,4],\"mixed\":[1,\"two\",{}]}");
  const JsonValue again = parse_json(text, "test");
  CHECK(again == value);
  CHECK(again.to_text() == text);
  CHECK(parse_json(" [ 1e3 , -0 , 4 ] ", "test") == JsonValue::array({1000, 0, 4}));
  CHECK_FALSE(parse_json("[1]", "test") == parse_json("[1, 2]", "test"));
  CHECK_FALSE(parse_json("{\"a\":1}", "test") == parse_json("{\"b\":1}", "test"));
  CHECK(parse_json("{\"a\":1,\"b\":2}", "test") == parse_json("{\"b\":2.0,\"a\":1}", "test"));
  CHECK_THROWS_AS(JsonValue(std::numeric_limits<double>::infinity()).to_text(), Error);
}

TEST_CASE("members are set and replaced") {
  JsonValue value;
  value.set("a", 1).set("b", 2).set("a", "three");
  CHECK(value.to_text() == "{\"a\":\"three\",\"b\":2}");
  CHECK(value.find("c") == nullptr);
  CHECK_THROWS_WITH_AS(JsonValue(3).set("a", 1), "json: cannot set the member 'a' of an integer", Error);
}

TEST_CASE("broken JSON gives one clear error") {
  const auto error = [](std::string_view text) { return error_of([&] { parse_json(text, "m.json"); }); };
  CHECK(error("") == "m.json: at byte 0: expected a number, found the end of the text");
  CHECK(error("{\"a\":1,\"a\":2}") == "m.json: at byte 10: expected every key of an object once, found \"a\" again");
  CHECK(error("[1] 2") == "m.json: at byte 4: expected the end of the text, found \"2\"");
  for (const char* text : {"{",       "[",   "[1,]", "{\"a\"}", "{a:1}",    "{\"a\":1,}", "01",      "1.5.2",
                           "-",       "1.",  ".5",   "1e",      "+1",       "1e999",      "nul",     "truefalse",
                           "\"\\q\"", "\"a", "'a'",  "NaN",     "Infinity", "[1 2]",      "\"\xff\""}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text, "m.json"), FileError);
  }
  const std::string deep(100000, '[');
  CHECK(error(deep) == "m.json: at byte 65: expected at most 64 levels of nesting, found more");
}

TEST_CASE("what a reader does not expect is named by file and key") {
  const JsonValue value = parse_json(
      R"({"layers": [{"filters": 8, "name": "x", "slope": 1}, {"filters": -1, "big": 300, "half": 0.5}]})", "m.json");
  const JsonReader reader(value, "m.json");
  const JsonReader first = reader.at("layers").item(0), second = reader.at("layers").item(1);
  CHECK(first.get<Index>("filters") == 8);
  CHECK(first.get<double>("slope") == 1);
  CHECK(first.get<std::string>("name") == "x");
  CHECK(first.get<bool>("bias", true));
  CHECK(second.get<int>("big") == 300);
  CHECK(reader.at("layers").size() == 2);
  const JsonValue sizes = JsonValue::array({1, 2, 3});
  CHECK(JsonReader(sizes, "m.json").as<std::vector<Index>>() == std::vector<Index>{1, 2, 3});
  const JsonValue whole{{"a", 8.0}, {"b", -1e3}, {"c", 1e300}};
  const JsonReader numbers(whole, "m.json");
  CHECK(numbers.get<Index>("a") == 8);
  CHECK(numbers.get<int>("b") == -1000);
  CHECK_THROWS_AS(numbers.get<unsigned>("b"), FileError);
  CHECK_THROWS_AS(numbers.get<Index>("c"), FileError);
  CHECK(error_of([&] { first.get<Index>("name"); }) == "m.json: layers[0].name: expected an integer, found a string");
  CHECK(error_of([&] { second.get<Index>("half"); }) == "m.json: layers[1].half: expected an integer, found a number");
  CHECK(error_of([&] { second.get<std::uint8_t>("big"); }) ==
        "m.json: layers[1].big: expected an integer from 0 to 255, found 300");
  CHECK(
      error_of([&] { second.get<std::size_t>("filters"); }).starts_with("m.json: layers[1].filters: expected an int"));
  CHECK(error_of([&] { first.get<bool>("name"); }) == "m.json: layers[0].name: expected true or false, found a string");
  CHECK(error_of([&] { first.at("bias"); }) == "m.json: layers[0]: expected the key \"bias\", found none");
  CHECK(error_of([&] { reader.at("layers").item(2); }) == "m.json: layers: expected more than 2 items, found 2");
  CHECK(error_of([&] { reader.at("layers").at("x"); }) == "m.json: layers: expected an object, found an array");
  CHECK(error_of([&] {
          first.allow_only({"filters", "name"});
        }) == "m.json: layers[0]: unknown key \"slope\", expected filters, name");
}
