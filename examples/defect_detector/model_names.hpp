#pragma once

#include <string>
#include <vector>

#include "amdefect/models/published.hpp"

namespace amdefect {

/// Names of networks on the command line. The anchor-free ones were called dense-n and dense-s before.
inline std::vector<std::string> network_names() {
  std::vector<std::string> names{"anchor-free-n", "anchor-free-s", "paper", "dense-n", "dense-s"};
  names.insert(names.end(), published_models.begin(), published_models.end());
  return names;
}

/// The name of today for one of before; any other stays as it is.
inline std::string present_model_name(const std::string& name) {
  return name.starts_with("dense-") ? "anchor-free-" + name.substr(6) : name;
}

/// The name in the files of a run, which must not change: a checkpoint of before continues.
inline std::string stored_model_name(const std::string& name) {
  return name.starts_with("anchor-free-") ? "dense-" + name.substr(12) : name;
}

}  // namespace amdefect
