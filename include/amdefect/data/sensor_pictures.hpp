#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/printable.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/extra_channels.hpp"
#include "amdefect/data/picture_source.hpp"
#include "amdefect/sensors/registration_json.hpp"
#include "amdefect/sensors/resample.hpp"
#include "amdefect/sensors/sensor_list.hpp"
#include "amdefect/sensors/sensor_traits.hpp"

namespace amdefect {

/// Reads the pictures of several sensors beside a picture in red, green and blue, whose pixels all channels get.
/// Numbers are grey levels of 8 bits, with fractions where a file has 16.
class SensorReader {
 public:
  /// Those of `left_out` are read as if they were missing. `may_lack`: pictures may be missing.
  explicit SensorReader(SensorList list, std::vector<std::string> left_out = {}, bool may_lack = false)
      : list_(std::move(list)), left_out_(left_out.begin(), left_out.end()), may_lack_(may_lack) {}

  /// "red", "green", "blue" and the names of the sensors.
  std::vector<std::string> channel_names() const {
    std::vector<std::string> names;
    for (const SensorPlace& sensor : list_.sensors) names.push_back(sensor.name);
    return names_with_rgb(names);
  }
  /// The files of the sensors' pictures beside an image; empty where one is missing. `where` begins messages.
  /// @throws FileError for one that is missing and may not.
  std::vector<std::filesystem::path> files(const std::string& where, const std::filesystem::path& image,
                                           const std::filesystem::path& data_set = {}) const {
    std::vector<std::filesystem::path> files;
    for (const SensorPlace& sensor : list_.sensors)
      files.push_back(left_out_.contains(sensor.name) ? std::filesystem::path()
                      : may_lack_                     ? extra_image_file(image, sensor.folder, data_set)
                                  : require_extra_image_file(where, image, sensor.folder, data_set));
    return files;
  }
  /// All channels: those of the picture, and the sensors' from their `files`; `unknown_pixel` where one sees nothing.
  /// @throws FileError for a file that cannot be read, that has another size than the picture and no registration, or
  /// that shows nothing of it.
  BasicImage<float> read(const Image16& picture, const std::filesystem::path& image,
                         const std::vector<std::filesystem::path>& files) const {
    BasicImage<float> all = levels(picture);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (files[i].empty())
        all = stack_channels(all, BasicImage<float>(picture.height(), picture.width(), 1, unknown_pixel));
      else if (!list_.sensors[i].registration)
        all = stack_channels(all, levels(load_extra_channel(files[i], image, picture)));
      else
        all = stack_channels(all, registered(files[i], *list_.sensors[i].registration, picture));
    }
    return all;
  }
  /// The sensors of which there is no file. `files` are those of an image.
  std::vector<std::string> missing(const std::vector<std::filesystem::path>& files) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (files[i].empty()) names.push_back(list_.sensors[i].name);
    return names;
  }
  /// Names, folders and places: what decides on what `read` gives of the same files.
  JsonValue identity() const {
    JsonValue::Array sensors;
    for (const SensorPlace& sensor : list_.sensors) {
      JsonValue json{{"name", sensor.name}, {"folder", sensor.folder}};
      if (sensor.registration) json.set("matrix", to_json(*sensor.registration));
      sensors.push_back(std::move(json));
    }
    return sensors;
  }

 private:
  static BasicImage<float> levels(const Image16& picture) {
    BasicImage<float> result(picture.height(), picture.width(), picture.channels());
    std::transform(picture.values().begin(), picture.values().end(), result.values().begin(),
                   [](std::uint16_t v) { return static_cast<float>(v) / values_per_level<std::uint16_t>; });
    return result;
  }
  static BasicImage<float> registered(const std::filesystem::path& file, const Registration& registration,
                                      const Image16& picture) {
    const Image16 own = load_image_16(file, ImageChannels::grey);
    try {
      return resample(levels(own), registration, picture.height(), picture.width());
    } catch (const Error& error) {
      throw FileError(concat(file.string(), ": ", error.what()));
    }
  }

  SensorList list_;
  std::set<std::string> left_out_;
  bool may_lack_;
};

/// The reader of the sensors that a detector was trained with, in its order, of a list of those that there are. One
/// that was trained with channel dropout does without those that the list lacks, or whose pictures are not there.
/// @throws Error for sensors in another order, or other ones.
inline std::shared_ptr<const SensorReader> sensor_reader_for(const SensorTraits& trained, const SensorList& there) {
  const ChosenChannels chosen = choose_channels(trained, SensorReader(there).channel_names());
  SensorList list;
  for (const std::string& name : names_beyond_rgb(chosen.names)) {
    const auto same = [&](const SensorPlace& sensor) { return sensor.name == name; };
    const auto found = std::find_if(there.sensors.begin(), there.sensors.end(), same);
    list.sensors.push_back(found != there.sensors.end() ? *found : SensorPlace{name, name});
  }
  return std::make_shared<const SensorReader>(std::move(list), chosen.left_out, trained.channel_dropout > 0);
}

/// The images of a split with the pictures of further sensors, as numbers.
class SensorSource final : public BasicSampleSource<float> {
 public:
  /// @throws FileError for a picture that is missing and may not.
  SensorSource(const CocoSplit& split, std::shared_ptr<const SensorReader> reader, double box_offset = 0)
      : pictures_(split, {.box_offset = box_offset}),
        reader_(std::move(reader)),
        places_('|' + reader_->identity().to_text()) {
    for (Index i = 0; i < size(); ++i) files_.push_back(reader_->files(name(i), pictures_.file(i), split.folder));
  }

  Index size() const override { return pictures_.size(); }
  std::shared_ptr<const BasicSample<float>> load(Index index) const override {
    const auto picture = pictures_.load(index);
    auto sample = std::make_shared<BasicSample<float>>();
    sample->image = reader_->read(picture->image, pictures_.file(index), files_[static_cast<std::size_t>(index)]);
    sample->objects = picture->objects;
    return sample;
  }
  std::vector<LabelledBox> objects(Index index) const override { return pictures_.objects(index); }
  std::string name(Index index) const override { return pictures_.name(index); }
  std::string key(Index index) const override {
    std::string key = pictures_.key(index) + places_;
    for (const std::filesystem::path& file : files_[static_cast<std::size_t>(index)])
      key += "|" + (file.empty() ? "missing" : file_key(file));
    return key;
  }

 private:
  BasicCocoSource<std::uint16_t> pictures_;
  std::shared_ptr<const SensorReader> reader_;
  std::string places_;  // for keys
  std::vector<std::vector<std::filesystem::path>> files_;
};

/// How many images of a split lack which sensor, in a line; empty if none does.
inline std::string missing_pictures_text(const SensorReader& reader, const CocoSplit& split) {
  std::map<std::string, std::size_t> counts;
  for (const std::filesystem::path& file : split.image_files)
    for (const std::string& name : reader.missing(reader.files(file.string(), file, split.folder))) ++counts[name];
  std::string text;
  for (const auto& [name, count] : counts)
    text += concat(text.empty() ? "missing: '" : ", '", printable(name), "' in ", count, " of ",
                   split.image_files.size(), " images");
  return text.empty() ? "" : concat(text, "; ", stand_in_text);
}

/// Images in red, green and blue with further sensors as the pictures of a data set.
inline PictureSource sensor_pictures(std::shared_ptr<const SensorReader> reader, double box_offset = 0) {
  PictureSource pictures{.channel_names = reader->channel_names(), .never_missing = 1};
  pictures.channels = static_cast<Index>(pictures.channel_names.size());
  pictures.sensors = sensors_with_rgb(pictures.channel_names.size() - 3);
  pictures.identity = reader->identity();
  pictures.open = [](const CocoSplit& split) { return std::make_shared<const CocoSource>(split); };
  pictures.open_numbers = [reader = std::move(reader), box_offset](const CocoSplit& split) {
    return std::make_shared<const SensorSource>(split, reader, box_offset);
  };
  return pictures;
}

}  // namespace amdefect
