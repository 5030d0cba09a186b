#include "amdefect/sensors/sensor_list.hpp"

#include <doctest/doctest.h>

#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace sensor_list_test {

std::string list_error(const std::string& text) {
  const JsonValue json = parse_json(text, "s.json");
  return error_of([&] { parse_sensor_list({json, "s.json"}); });
}

}  // namespace sensor_list_test
using namespace sensor_list_test;

TEST_CASE("a list of sensors says where their pictures are, and lie") {
  const TemporaryFolder folder;
  const SensorList list = read_sensor_list(folder.write("s.json", R"({"mm_per_pixel": 0.1, "left_mm": 2, "sensors": [
    {"name": "thermal", "folder": "t", "mm_per_pixel": 0.4, "left_mm": 1},
    {"name": "side", "matrix": [[1, 0, 12], [0, 1, -3]]}, {"name": "same"}]})"));
  REQUIRE(list.sensors.size() == 3);
  CHECK(list.sensors[0].folder == "t");
  CHECK(list.sensors[1].folder == "side");
  CHECK(!list.sensors[2].registration);
  CHECK(*list.sensors[1].registration == Registration{1, 0, 12, 0, 1, -3});
  const PicturePoint corner = (*list.sensors[0].registration)({0, 4});
  CHECK(corner.x == doctest::Approx(2.5));
  CHECK(corner.y == doctest::Approx(1));
  CHECK(error_of([&] { list.registrations(); }).starts_with("sensors: 'same' has neither a matrix nor mm_per_pixel"));
  CHECK(SensorList{{list.sensors[0], list.sensors[1]}}.registrations().size() == 2);
}

TEST_CASE("a list of sensors without meaning is refused in a line") {
  CHECK(list_error(R"({"sensors": []})") == "s.json: sensors: names no sensor");
  CHECK(list_error(R"({"sensors": [{"name": "a"}, {"name": "a"}]})") ==
        "s.json: sensors[1]: the name 'a' is there twice");
  CHECK(list_error(R"({"sensors": [{"name": "a", "mm_per_pixel": 1}]})") ==
        "s.json: sensors[0]: has mm_per_pixel, for which the file has to say that of the reference picture, too");
  CHECK(list_error(R"({"mm_per_pixel": 1, "sensors": [{"name": "a", "mm_per_pixel": 0}]})") ==
        "s.json: sensors[0].mm_per_pixel: expected a number above 0, found 0");
  CHECK(list_error(R"({"mm_per_pixel": -1, "sensors": [{"name": "a"}]})") ==
        "s.json: mm_per_pixel: expected a number above 0, found -1");
  CHECK(list_error(R"({"sensors": [{"name": "a", "matrix": [[1, 2, 3]]}]})") ==
        "s.json: sensors[0].matrix: expected two rows of three numbers");
  CHECK(
      list_error(R"({"sensors": [{"name": "a", "matrix": [[1, 1, 0], [1, 1, 0]]}]})") ==
      "s.json: sensors[0]: registration: the matrix [[1, 1, 0], [1, 1, 0]] is singular: it maps the picture to a line "
      "or a point");
  CHECK(list_error(R"({"sensors": [{"name": "a", "scale": 2}]})").starts_with("s.json: sensors[0]: unknown key"));
  CHECK(list_error(R"({"scale": 2, "sensors": [{"name": "a"}]})").starts_with("s.json: unknown key \"scale\""));
}

TEST_CASE("nothing that a list of sensors says is ignored") {
  CHECK(list_error(R"({"left_mm": 1, "sensors": [{"name": "a"}]})") ==
        "s.json: has left_mm, expected mm_per_pixel, too");
  CHECK(list_error(R"({"mm_per_pixel": 1, "sensors": [{"name": "a"}, {"name": "b", "top_mm": 0}]})") ==
        "s.json: sensors[1]: has top_mm, expected mm_per_pixel, too");
  for (const std::string key : {"mm_per_pixel", "left_mm", "top_mm"})
    CHECK(list_error(R"({"mm_per_pixel": 1, "sensors": [{"name": "a", "matrix": [[1, 0, 0], [0, 1, 0]], ")" + key +
                     "\": 1}]}") == "s.json: sensors[0]: has a matrix and " + key + ", expected one of the two");
  CHECK(list_error(R"({"sensors": [{"name": ""}]})") == "s.json: sensors[0].name: is empty, expected a name");
  CHECK(list_error(R"({"sensors": [{"name": "a", "folder": ""}]})") ==
        "s.json: sensors[0].folder: is empty, expected a name");
}
