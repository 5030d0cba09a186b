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
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/torch_file.hpp"
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

/// How a file is opened.
struct OpenOptions {
  /// Compare what the detector computes of a small image with what it computed where the file was written, which takes
  /// a few milliseconds. Files of before, which say nothing of it, are not compared.
  bool self_test = true;
};

namespace detail {

inline void require_self_test(const Detector& detector, const DetectorFile& file) {
  const auto then = file.weights().metadata().find(self_test_key);
  if (then == file.weights().metadata().end()) return;
  const std::string where = concat(file.where(), ": ", self_test_key);
  const std::string difference = self_test_difference(detector.self_test(), then->second, where);
  require<FileError>(difference.empty(), file.where(), ": fails its self-test, ", difference,
                     ": weights and description do not belong together, or this build computes something else than "
                     "the one that wrote the file");
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
/// @throws FileError if the file cannot be read, holds an unknown kind of detector, weights that do not fit it, or a
/// self-test with other results than those of this build.
inline std::unique_ptr<Detector> open_detector(const SafetensorsFile& file, const Execution& execution = {},
                                               const OpenOptions& options = {}) {
  const DetectorFile detector(file, execution);
  const std::string architecture = detector.architecture();
  const auto& factories = detail::detector_factories();
  const auto found = factories.find(architecture);
  if (found != factories.end()) {
    std::unique_ptr<Detector> opened = found->second(detector);
    opened->set_images(std::make_shared<const ImageMembership>(read_membership(file)));
    if (options.self_test) detail::require_self_test(*opened, detector);
    return opened;
  }
  std::string known;
  for (const auto& [name, factory] : factories) known += concat(known.empty() ? "" : ", ", name);
  throw FileError(concat(detector.where(), ": unknown architecture '", architecture, "', expected one of ", known));
}
inline std::unique_ptr<Detector> open_detector(const std::filesystem::path& path, const Execution& execution = {},
                                               const OpenOptions& options = {}) {
  const std::filesystem::path file = weights_file(path);
  require<FileError>(!is_file(file) || !is_torch_file(file), "detector: ", file.string(),
                     " holds weights of PyTorch, expected a detector that amdefect trained (--pretrained starts a "
                     "training on a backbone from such weights)");
  return open_detector(read_safetensors(file), execution, options);
}

}  // namespace amdefect
