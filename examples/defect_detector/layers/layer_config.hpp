#pragma once

#include <string>
#include <vector>

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// What is asked of files of layers.
struct LayerConfig {
  std::vector<std::string> channels, classes;  ///< empty: all
  Index tile = 512, least_area = 20, join = 5;
  std::string split_by = "layers";
};

}  // namespace amdefect
