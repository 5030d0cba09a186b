#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/detection/blob_detector.hpp"
#include "amdefect/detection/detector_file.hpp"
#include "amdefect/io/weights_file.hpp"

namespace amdefect {

/// Makes a detector of what its file holds.
using DetectorFactory = std::function<std::unique_ptr<Detector>(const DetectorFile&)>;

namespace detail {

/// All kinds of detectors that files may hold, by the name of their architecture.
inline std::map<std::string, DetectorFactory>& detector_factories() {
  static std::map<std::string, DetectorFactory> factories{{"anchor-free", open_anchor_free_detector},
                                                          {"dense", open_anchor_free_detector},  // its name in format 1
                                                          {"blob", open_blob_detector}};
  return factories;
}

}  // namespace detail

/// Lets `open_detector` open a kind of detector of your own, in one line at namespace scope:
///
///     static const RegisterDetector mine("my-kind", [](const DetectorFile& file) { return std::make_unique<...>(...);
///     });
///
/// Not while other threads open detectors. @throws Error for a name that is taken.
struct RegisterDetector {
  RegisterDetector(const std::string& architecture, DetectorFactory factory) {
    const bool added = detail::detector_factories().emplace(architecture, std::move(factory)).second;
    require(added, "detector: the architecture '", architecture, "' is registered already");
  }
};

/// The detector in a file, or the best one in the folder of a training, whatever its kind:
///
///     const auto detector = open_detector("run");
///     for (const Detection& d : detector->detect({pixels, {height, width, 3}})) use(d.box, d.score, d.label);
///
/// @throws FileError if the file cannot be read, holds an unknown kind of detector, or weights that do not fit it.
inline std::unique_ptr<Detector> open_detector(const SafetensorsFile& file, const Execution& execution = {}) {
  const DetectorFile detector(file, execution);
  const std::string architecture = detector.architecture();
  const auto& factories = detail::detector_factories();
  const auto found = factories.find(architecture);
  if (found != factories.end()) {
    std::unique_ptr<Detector> opened = found->second(detector);
    opened->set_images(std::make_shared<const ImageMembership>(read_membership(file)));
    return opened;
  }
  std::string known;
  for (const auto& [name, factory] : factories) known += concat(known.empty() ? "" : ", ", name);
  throw FileError(concat(detector.where(), ": unknown architecture '", architecture, "', expected one of ", known));
}
inline std::unique_ptr<Detector> open_detector(const std::filesystem::path& path, const Execution& execution = {}) {
  return open_detector(read_safetensors(weights_file(path)), execution);
}

}  // namespace amdefect
