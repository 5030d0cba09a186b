#pragma once

#include <string>

namespace amdefect {

/// What is asked of several sensors.
struct SensorConfig {
  std::string file;            ///< a list of sensors (SensorList); empty: none
  bool measure_scale = false;  ///< of files of layers: numbers with a scale for each channel instead of grey levels
  double channel_dropout = 0;  ///< in training
};

}  // namespace amdefect
