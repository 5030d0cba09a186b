#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/sensors/registration_json.hpp"

namespace amdefect {

/// Where the pixels of a build lie in those of a camera that has others, for pictures of these sizes.
struct CameraPlace {
  Registration registration{};
  Index height = 0, width = 0;                ///< of a layer
  Index camera_height = 0, camera_width = 0;  ///< of the camera's picture of it

  friend bool operator==(const CameraPlace&, const CameraPlace&) = default;
};

/// What a detector expects of the channels of an image that come from several sensors. Part of its file.
struct SensorTraits {
  std::vector<std::string> channel_names{};  ///< in their order; empty: nobody knows them
  /// Pixels are the numbers that the sensors measure, with a scale for each channel; else grey levels.
  bool own_numbers = false;
  double channel_dropout = 0;  ///< it was trained with; above 0, sensors may be missing where it is used
  std::map<std::string, CameraPlace> camera_places{};  ///< in files of layers, by name

  friend bool operator==(const SensorTraits&, const SensorTraits&) = default;
};

/// Throws an Error for traits without a meaning: where sensors may be missing, each name has to say which one it is.
inline void check(const SensorTraits& traits) {
  require(traits.channel_dropout >= 0 && traits.channel_dropout < 1, "channel_dropout is ", traits.channel_dropout,
          ", expected at least 0 and less than 1");
  if (traits.channel_dropout == 0) return;
  std::set<std::string> names;
  for (const std::string& name : traits.channel_names)
    require(names.insert(name).second, "channels: the name '", name,
            "' is there twice; with channel dropout nobody could tell which of the two is missing");
}

/// `{"channels":["visible/0","NIR/0"],"own_numbers":true,"channel_dropout":0.2}`.
inline JsonValue to_json(const SensorTraits& traits) {
  JsonValue json{{"channels", JsonValue::array(traits.channel_names)},
                 {"own_numbers", traits.own_numbers},
                 {"channel_dropout", traits.channel_dropout}};
  JsonValue places = JsonValue::object();
  for (const auto& [name, place] : traits.camera_places)
    places.set(name, JsonValue{{"matrix", to_json(place.registration)},
                               {"layer", JsonValue::array({place.height, place.width})},
                               {"camera", JsonValue::array({place.camera_height, place.camera_width})}});
  if (!traits.camera_places.empty()) json.set("camera_places", std::move(places));
  return json;
}
namespace detail {

inline CameraPlace read_camera_place(const JsonReader& json) {
  json.allow_only({"matrix", "layer", "camera"});
  CameraPlace place{.registration = read_registration(json.at("matrix"))};
  const auto read = [&](const char* key, Index& height, Index& width) {
    const auto size = json.get<std::vector<Index>>(key);
    if (size.size() != 2 || size[0] < 1 || size[1] < 1) json.at(key).fail("expected a height and a width");
    height = size[0];
    width = size[1];
  };
  read("layer", place.height, place.width);
  read("camera", place.camera_height, place.camera_width);
  return place;
}

}  // namespace detail

/// Reads what `to_json` makes. @throws FileError for anything else.
inline SensorTraits read_sensor_traits(const JsonReader& json) {
  json.allow_only({"channels", "own_numbers", "channel_dropout", "camera_places"});
  SensorTraits traits{.channel_names = json.get<std::vector<std::string>>("channels"),
                      .own_numbers = json.get<bool>("own_numbers", false),
                      .channel_dropout = json.get<double>("channel_dropout", 0)};
  try {
    if (json.contains("camera_places"))
      for (const auto& [name, place] : json.at("camera_places").members())
        traits.camera_places[name] = detail::read_camera_place(json.at("camera_places").at(name));
    check(traits);
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {
    json.fail(error.what());
  }
  return traits;
}

namespace detail {

inline std::string channel_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + printable(name) + "'";
  return text.empty() ? "none" : text;
}

inline std::string other_channels_text(const SensorTraits& trained, const std::vector<std::string>& found) {
  return concat("channels: the detector was trained with ", channel_list(trained.channel_names), " in this order",
                trained.channel_dropout > 0 ? ", of which some may be missing" : "", ", got ", channel_list(found));
}

}  // namespace detail

/// The names of the channels of pictures in red, green and blue with a channel for each further sensor, and how many
/// channels each sensor has. @throws Error for a sensor that is called like one of the three
inline std::vector<std::string> names_with_rgb(const std::vector<std::string>& further) {
  std::vector<std::string> names{"red", "green", "blue"};
  for (const std::string& name : further)
    require(std::find(names.begin(), names.end(), name) == names.end(), "channels: a sensor beside images is called '",
            name, "', as one of their own channels is: give it another name");
  names.insert(names.end(), further.begin(), further.end());
  return names;
}
inline std::vector<Index> sensors_with_rgb(std::size_t further) {
  std::vector<Index> sensors(1 + further, 1);
  sensors.front() = 3;
  return sensors;
}
/// The names behind "red", "green" and "blue"; none of channels that do not begin with them.
inline std::vector<std::string> names_beyond_rgb(const std::vector<std::string>& names) {
  const std::vector<std::string> rgb = names_with_rgb({});
  if (names.size() < rgb.size() || !std::equal(rgb.begin(), rgb.end(), names.begin())) return {};
  return {names.begin() + 3, names.end()};
}

/// The channels that are opened for a detector, and those of them that are left out: as if the sensor were not there.
struct ChosenChannels {
  std::vector<std::string> names{}, left_out{};
};

/// What a detector that was trained with these channels is shown, where `asked` are (empty: as it was trained). One
/// that was trained with channel dropout may be asked to do without some of them.
/// @throws Error for channels in another order, or other ones.
inline ChosenChannels choose_channels(const SensorTraits& trained, const std::vector<std::string>& asked) {
  const std::vector<std::string>& names = trained.channel_names;
  if (names.empty() || asked.empty() || asked == names) return {names.empty() ? asked : names, {}};
  ChosenChannels chosen{names, {}};
  std::size_t found = 0;
  for (const std::string& name : names)
    if (found < asked.size() && asked[found] == name)
      ++found;
    else
      chosen.left_out.push_back(name);
  require(found == asked.size() && trained.channel_dropout > 0, detail::other_channels_text(trained, asked));
  return chosen;
}

/// Throws an Error unless pictures with channels of these names are what the detector was trained with; where one of
/// the two has no names nobody knows. `numbers`: they may be those that sensors measure, not only grey levels.
inline void require_channels(const SensorTraits& trained, const std::vector<std::string>& names, bool numbers) {
  require(names.empty() || trained.channel_names.empty() || names == trained.channel_names,
          detail::other_channels_text(trained, names));
  require(numbers || !trained.own_numbers,
          "channels: the detector was trained with the numbers that sensors measure, got grey levels");
}

/// What a network sees of sensors that are missing.
inline constexpr const char* stand_in_text = "the network sees 0 there, as in training with channel dropout";

/// One line that says which sensors are missing; empty if none is.
inline std::string missing_channels_text(const std::vector<std::string>& missing) {
  return missing.empty() ? "" : concat("missing: ", detail::channel_list(missing), "; ", stand_in_text);
}

}  // namespace amdefect
