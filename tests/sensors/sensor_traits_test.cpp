#include "amdefect/sensors/sensor_traits.hpp"

#include <doctest/doctest.h>

#include "amdefect/io/json_reader.hpp"
#include "error_of.hpp"

using namespace amdefect;

TEST_CASE("sensor traits come back from JSON") {
  const SensorTraits traits{{"visible/0", "NIR/0"}, true, 0.25};
  const JsonValue json = to_json(traits);
  CHECK(json.to_text() == R"({"channels":["visible/0","NIR/0"],"own_numbers":true,"channel_dropout":0.25})");
  CHECK(read_sensor_traits({json, "file"}) == traits);
  SensorTraits placed = traits;
  placed.camera_places["NIR/0"] = {{0.5, 0, 3, 0, 0.5, -1}, 40, 60, 20, 30};
  CHECK(to_json(placed).to_text().ends_with(
      R"("camera_places":{"NIR/0":{"matrix":[[0.5,0.0,3.0],[0.0,0.5,-1.0]],"layer":[40,60],"camera":[20,30]}}})"));
  CHECK(read_sensor_traits({to_json(placed), "file"}) == placed);
  const JsonValue flat = parse_json(
      R"({"channels":["a"],"camera_places":{"a":{"matrix":[[1,0,0],[1,0,0]],"layer":[1,1],"camera":[1,1]}}})", "file");
  CHECK(error_of([&] {
          read_sensor_traits({flat, "file"});
        }) ==
        "file: registration: the matrix [[1, 0, 0], [1, 0, 0]] is singular: it maps the picture to a line or a point");
  const JsonValue wrong = parse_json(R"({"channels":["a"],"channel_dropout":1})", "file");
  CHECK(error_of([&] {
          read_sensor_traits({wrong, "file"});
        }) == "file: channel_dropout is 1, expected at least 0 and less than 1");
}

TEST_CASE("a sensor beside images is not called like one of their own channels") {
  CHECK(names_with_rgb({"thermal"}) == std::vector<std::string>{"red", "green", "blue", "thermal"});
  CHECK(error_of([] {
          names_with_rgb({"thermal", "green"});
        }) ==
        "channels: a sensor beside images is called 'green', as one of their own channels is: give it another name");
}

TEST_CASE("the channels of a detector decide what it is shown") {
  const SensorTraits strict{{"a", "b", "c"}, false, 0}, tolerant{{"a", "b", "c"}, false, 0.2}, unknown{};
  CHECK(choose_channels(strict, {}).names == strict.channel_names);
  CHECK(choose_channels(strict, {"a", "b", "c"}).left_out.empty());
  CHECK(choose_channels(unknown, {"x", "y"}).names == std::vector<std::string>{"x", "y"});
  CHECK(choose_channels(unknown, {}).names.empty());
  CHECK(error_of([&] {
          choose_channels(strict, {"b", "a", "c"});
        }) == "channels: the detector was trained with 'a', 'b', 'c' in this order, got 'b', 'a', 'c'");
  CHECK(error_of([&] {
          choose_channels(strict, {"a", "b"});
        }) == "channels: the detector was trained with 'a', 'b', 'c' in this order, got 'a', 'b'");

  const ChosenChannels chosen = choose_channels(tolerant, {"a", "c"});
  CHECK(chosen.names == tolerant.channel_names);
  CHECK(chosen.left_out == std::vector<std::string>{"b"});
  for (const std::vector<std::string>& asked : {std::vector<std::string>{"c", "a"}, {"a", "d"}, {"a", "b", "c", "d"}})
    CHECK(error_of([&] { choose_channels(tolerant, asked); }) ==
          "channels: the detector was trained with 'a', 'b', 'c' in this order, of which some may be missing, got " +
              detail::channel_list(asked));
}

TEST_CASE("pictures of other channels than those of a detector are refused") {
  const SensorTraits levels{{"a", "b"}, false, 0}, numbers{{"a", "b"}, true, 0.1};
  for (const bool numeric : {false, true}) {
    CHECK_NOTHROW(require_channels(levels, {"a", "b"}, numeric));
    CHECK_NOTHROW(require_channels(levels, {}, numeric));
    CHECK_NOTHROW(require_channels({}, {"x"}, numeric));
  }
  CHECK_NOTHROW(require_channels(numbers, {"a", "b"}, true));
  CHECK(error_of([&] {
          require_channels(levels, {"b", "a"}, false);
        }) == "channels: the detector was trained with 'a', 'b' in this order, got 'b', 'a'");
  CHECK(error_of([&] { require_channels(numbers, {"a"}, true); }) ==
        "channels: the detector was trained with 'a', 'b' in this order, of which some may be missing, got 'a'");
  CHECK(error_of([&] {
          require_channels(numbers, {"a", "b"}, false);
        }) == "channels: the detector was trained with the numbers that sensors measure, got grey levels");
}

TEST_CASE("a name that is there twice cannot be missing") {
  CHECK_NOTHROW(check(SensorTraits{{"a", "b", "a"}, false, 0}));
  const JsonValue twice = to_json(SensorTraits{{"a", "b", "a"}, false, 0.1});
  CHECK(error_of([&] {
          read_sensor_traits({twice, "file"});
        }) ==
        "file: channels: the name 'a' is there twice; with channel dropout nobody could tell which of the two is "
        "missing");
}

TEST_CASE("what is missing is said in a line") {
  CHECK(missing_channels_text({}).empty());
  CHECK(missing_channels_text({"NIR/0", "b"}) ==
        "missing: 'NIR/0', 'b'; the network sees 0 there, as in training with channel dropout");
}
