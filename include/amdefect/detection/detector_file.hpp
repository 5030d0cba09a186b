#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/execution.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/safetensors.hpp"

namespace amdefect {

/// A detector's file that is being opened.
class DetectorFile {
 public:
  /// @throws FileError if the file holds no description of a detector, or one of a newer version.
  explicit DetectorFile(const SafetensorsFile& file, const Execution& execution = {})
      : file_(file), execution_(execution) {
    const auto found = file.metadata().find(description_key);
    require<FileError>(found != file.metadata().end(), where(), ": holds weights but no description of a detector ('",
                       description_key, "' in its metadata); was it written by 'amdefect train'?");
    json_ = parse_json(found->second, where());
    const int format = description().get<int>("format", 1);
    require<FileError>(format >= 1 && format <= description_format, where(), ": its description, of the architecture '",
                       architecture(), "', has the format ", format, ", but this program reads formats 1 to ",
                       description_format);
  }

  const SafetensorsFile& weights() const { return file_; }
  const Execution& execution() const { return execution_; }
  JsonReader description() const { return {json_, where()}; }
  std::string architecture() const { return description().get<std::string>("architecture"); }
  /// The name of the file, as messages begin.
  std::string where() const { return concat("detector: ", file_.path().string()); }

  /// Runs `use`, whose errors become FileErrors that name the file.
  template <class Use>
  auto checked(Use&& use) const -> decltype(use()) try {
    return use();
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {
    throw FileError(concat(where(), ": ", error.what()));
  }

  /// What all kinds of detectors have in common. @throws FileError
  DetectorTraits traits(double default_score_threshold) const {
    const JsonReader json = description();
    DetectorTraits traits{
        .labels = {json.get<std::vector<std::string>>("class_names"),
                   json.get<std::vector<std::int64_t>>("category_ids"), json.get<double>("box_offset", 0)},
        .channels = json.get<Index>("channels", 3),
        .score_threshold = json.get<double>("score_threshold", default_score_threshold)};
    if (json.contains("pixel_scaling"))
      traits.pixel_scaling = checked([&] { return read_pixel_scaling(json.at("pixel_scaling")); });
    if (json.contains("sensors")) traits.sensors = read_sensor_traits(json.at("sensors"));
    std::vector<std::string>& names = traits.labels.class_names;
    require<FileError>(!names.empty(), where(), ": class_names is empty, expected at least one class");
    require<FileError>(names.size() == traits.labels.category_ids.size(), where(), ": class_names has ", names.size(),
                       " names, but category_ids ", traits.labels.category_ids.size(), " ids: expected one for each");
    require<FileError>(traits.channels > 0, where(), ": channels is ", traits.channels, ", expected at least 1");
    for (std::size_t i = 0; i < names.size(); ++i)  // as where annotations are read
      if (names[i].empty()) names[i] = std::to_string(traits.labels.category_ids[i]);
    require<FileError>(traits.score_threshold >= 0 && traits.score_threshold <= 1, where(), ": score_threshold is ",
                       traits.score_threshold, ", expected 0 to 1");
    require<FileError>(std::abs(traits.labels.box_offset) <= largest_box_offset, where(), ": box_offset is ",
                       traits.labels.box_offset, ", expected at most ", largest_box_offset, " pixels");
    const std::set<std::int64_t> ids(traits.labels.category_ids.begin(), traits.labels.category_ids.end());
    require<FileError>(ids.size() == traits.labels.category_ids.size(), where(),
                       ": category_ids has a category twice, expected another id for each class");
    const auto scalings = static_cast<Index>(traits.pixel_scaling.channel_offsets.size());
    require<FileError>(scalings == 0 || scalings == traits.channels, where(), ": pixel_scaling has ", scalings,
                       " channels, expected ", traits.channels);
    const auto channel_names = static_cast<Index>(traits.sensors.channel_names.size());
    require<FileError>(channel_names == 0 || channel_names == traits.channels, where(), ": sensors has the names of ",
                       channel_names, " channels, expected ", traits.channels);
    return traits;
  }
  /// @throws FileError for a key that neither all kinds of detectors have nor is among `own`.
  void allow_only(std::initializer_list<std::string_view> own) const {
    for (const auto& [key, value] : *json_.get_if<JsonValue::Object>()) {
      const auto is = [&key = key](std::string_view known) { return key == known; };
      if (std::any_of(own.begin(), own.end(), is)) continue;
      constexpr std::string_view common[] = {"format",          "architecture",  "channels",
                                             "class_names",     "category_ids",  "box_offset",
                                             "score_threshold", "pixel_scaling", "sensors"};
      require<FileError>(std::any_of(std::begin(common), std::end(common), is), where(), ": unknown key ",
                         detail::json_quote(key), " for the architecture '", architecture(), "'");
    }
  }

 private:
  const SafetensorsFile& file_;
  Execution execution_;
  JsonValue json_;
};

}  // namespace amdefect
