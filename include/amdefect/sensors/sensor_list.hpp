#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/sensors/registration_json.hpp"

namespace amdefect {

/// A sensor beside the pictures that annotations are made for.
struct SensorPlace {
  std::string name;    ///< of its channel
  std::string folder;  ///< of its pictures, see `extra_image_file`
  /// Where the pixels of the reference picture lie in its own; not given: they are the same.
  std::optional<Registration> registration{};
};

/// The sensors that a file names, in the order of their channels.
struct SensorList {
  std::vector<SensorPlace> sensors{};

  /// Where all of them lie. @throws Error for one of which that is not said.
  std::map<std::string, Registration> registrations() const {
    std::map<std::string, Registration> map;
    for (const SensorPlace& sensor : sensors) {
      require(sensor.registration.has_value(), "sensors: '", sensor.name,
              "' has neither a matrix nor mm_per_pixel, which is all that a list says of cameras in a file of layers");
      map.emplace(sensor.name, *sensor.registration);
    }
    return map;
  }
};

namespace detail {

/// Scale and place of pictures; nothing where neither is given.
inline std::optional<PictureFrame> read_frame(const JsonReader& json) {
  if (!json.contains("mm_per_pixel")) {
    for (const char* key : {"left_mm", "top_mm"})
      if (json.contains(key)) json.fail(concat("has ", key, ", expected mm_per_pixel, too"));
    return std::nullopt;
  }
  const PictureFrame frame{json.get<double>("mm_per_pixel"), json.get<double>("left_mm", 0),
                           json.get<double>("top_mm", 0)};
  if (!(frame.mm_per_pixel > 0))
    json.at("mm_per_pixel").fail(concat("expected a number above 0, found ", frame.mm_per_pixel));
  return frame;
}

inline std::optional<Registration> read_place(const JsonReader& sensor, const std::optional<PictureFrame>& reference) {
  if (sensor.contains("matrix")) {
    for (const char* key : {"mm_per_pixel", "left_mm", "top_mm"})
      if (sensor.contains(key)) sensor.fail(concat("has a matrix and ", key, ", expected one of the two"));
    return read_registration(sensor.at("matrix"));
  }
  const std::optional<PictureFrame> frame = read_frame(sensor);
  if (!frame) return std::nullopt;
  if (!reference) sensor.fail("has mm_per_pixel, for which the file has to say that of the reference picture, too");
  return registration_of(*reference, *frame);
}

/// A text that is not empty.
inline std::string read_name(const JsonReader& json) {
  std::string name = json.as<std::string>();
  if (name.empty()) json.fail("is empty, expected a name");
  return name;
}

}  // namespace detail

/// Reads a list of sensors from JSON:
///
///     {"mm_per_pixel": 0.05, "left_mm": 0, "top_mm": 0,
///      "sensors": [{"name": "thermal", "folder": "thermal", "mm_per_pixel": 0.2, "left_mm": -1, "top_mm": 0},
///                  {"name": "side", "matrix": [[1, 0, 12], [0, 1, -3]]}]}
///
/// The numbers beside the list are those of the reference picture; a matrix maps its pixels to the sensor's. A folder
/// that is not named has the sensor's name. @throws FileError for anything else, and for a singular matrix.
inline SensorList parse_sensor_list(const JsonReader& json) {
  json.allow_only({"mm_per_pixel", "left_mm", "top_mm", "sensors"});
  const std::optional<PictureFrame> reference = detail::read_frame(json);
  const JsonReader list = json.at("sensors");
  if (list.size() == 0) list.fail("names no sensor");
  SensorList sensors;
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonReader entry = list.item(i);
    entry.allow_only({"name", "folder", "matrix", "mm_per_pixel", "left_mm", "top_mm"});
    SensorPlace sensor{.name = detail::read_name(entry.at("name")), .folder = ""};
    sensor.folder = entry.contains("folder") ? detail::read_name(entry.at("folder")) : sensor.name;
    if (!names.insert(sensor.name).second) entry.fail("the name '" + sensor.name + "' is there twice");
    try {
      sensor.registration = detail::read_place(entry, reference);
    } catch (const FileError&) {
      throw;
    } catch (const Error& error) {
      entry.fail(error.what());
    }
    sensors.sensors.push_back(std::move(sensor));
  }
  return sensors;
}
inline SensorList read_sensor_list(const std::filesystem::path& file) {
  const Bytes bytes = read_bytes(file);
  const JsonValue json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
  return parse_sensor_list({json, file.string()});
}

}  // namespace amdefect
