#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "amdefect/sensors/sensor_traits.hpp"

namespace amdefect {

/// What of a Peregrine file is opened.
struct PeregrineOptions {
  /// Names of cameras in the order of the channels, e.g. {"visible/0", "visible/1"}; one may come several times. Empty:
  /// all whose pixels are the build's, or that have a registration.
  std::vector<std::string> channels{};
  bool need_channels = true, need_masks = false;
  bool numbers = false;  ///< cameras of more than 8 bits as the numbers that they measure, not as grey levels
  /// Where the pixels of the build lie in those of a camera that has others, by its name.
  std::map<std::string, Registration> registrations{};
  /// Where cameras lay for which nothing is said there; they still have to have the pixels that they had then.
  std::map<std::string, CameraPlace> earlier_places{};
  std::vector<std::string> left_out{};               ///< channels that are not read, as if the sensor were missing
  bool may_lack = false;                             ///< channels that the file does not have are missing, not an error
  std::size_t cache_bytes = std::size_t{256} << 20;  ///< of unpacked chunks, where nothing asks for more
};

/// The same for a detector that was trained with such channels, whose names take the place of none: one that knows no
/// names changes nothing. @throws Error for channels in another order, or other ones
inline PeregrineOptions options_for(const SensorTraits& trained, PeregrineOptions options) {
  const ChosenChannels chosen = choose_channels(trained, options.channels);
  options.channels = chosen.names;
  options.left_out = chosen.left_out;
  options.may_lack = trained.channel_dropout > 0;
  if (!options.channels.empty() && options.may_lack) options.need_channels = false;
  options.numbers |= trained.own_numbers;
  options.earlier_places = trained.camera_places;
  return options;
}

}  // namespace amdefect
