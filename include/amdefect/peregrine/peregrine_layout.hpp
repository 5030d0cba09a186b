#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/printable.hpp"
#include "amdefect/peregrine/hdf5_file.hpp"

namespace amdefect {

/// A data set of a Peregrine file.
struct PeregrineDataSet {
  std::string name;  ///< short: "visible/0", "Spatter", "part_ids"
  std::string path;  ///< from the root of the file
  Hdf5Storage storage{};
};

/// Where a class is marked in a Peregrine file.
struct PeregrineMask {
  PeregrineDataSet data_set;            ///< its name is that of the class
  std::optional<std::uint8_t> value{};  ///< of the class, in a data set of several
};

/// What a file of ORNL's Peregrine holds. Its releases differ: cameras, classes and their numbers are looked for, and
/// what is not there stays empty.
struct PeregrineLayout {
  std::string build_name{};
  std::optional<double> layer_mm{}, width_mm{}, height_mm{};  ///< of a layer, of the pictures
  std::optional<double> width_pixels{}, height_pixels{};
  std::optional<double> stated_layers{};
  std::vector<PeregrineDataSet> cameras{};
  std::vector<PeregrineDataSet> other_cameras{};  ///< of as many layers, with another number of pixels
  std::vector<PeregrineMask> masks{};
  std::vector<PeregrineDataSet> ids{};       ///< part_ids, sample_ids
  std::vector<PeregrineDataSet> temporal{};  ///< a number for each layer
  Index scans = 0;                           ///< layers with a path of the beam
  std::vector<std::string> parameters{}, reference_images{};
  std::vector<std::string> notes{};  ///< what is not as in other releases

  /// [layers, height, width] of most that there is: of the masks, if a camera has it, else of the first camera; empty
  /// without cameras, masks and ids.
  std::vector<Index> shape() const {
    for (const PeregrineDataSet& camera : cameras)
      if (!masks.empty() && camera.storage.shape == masks.front().data_set.storage.shape) return camera.storage.shape;
    if (!cameras.empty()) return cameras.front().storage.shape;
    if (!masks.empty()) return masks.front().data_set.storage.shape;
    return ids.empty() ? std::vector<Index>{} : ids.front().storage.shape;
  }
};

namespace detail {

inline const std::string peregrine_cameras = "slices/camera_data", peregrine_masks = "slices/segmentation_results";

/// The names in a text with commas between them, or the texts of a list, without spaces around.
inline std::vector<std::string> listed_names(const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  for (const std::string& text : texts)
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = texts.size() == 1 ? std::min(text.find(',', begin), text.size()) : text.size();
      const std::size_t first = text.find_first_not_of(" \t\n", begin), last = text.find_last_not_of(" \t\n", end - 1);
      names.push_back(first < end && end > 0 ? text.substr(first, last - first + 1) : "");
      begin = end + 1;
    }
  return names;
}

/// Finds the parts of a PeregrineLayout.
class PeregrineDiscovery {
 public:
  explicit PeregrineDiscovery(const Hdf5File& file) : file_(file) {}

  PeregrineLayout run() {
    const std::vector<std::string> name = file_.texts("/", "core/build_name");
    layout_.build_name = name.empty() ? file_.path().stem().string() : name.front();
    layout_.stated_layers = file_.number("/", "core/number_of_layers");
    layout_.layer_mm = in_millimetres("material/layer_thickness");
    layout_.width_mm = in_millimetres("printer/x_real_dimension");
    layout_.height_mm = in_millimetres("printer/y_real_dimension");
    layout_.width_pixels = file_.number("/", "printer/x_camera_dimension");
    layout_.height_pixels = file_.number("/", "printer/y_camera_dimension");
    find_cameras(peregrine_cameras, "");
    find_masks();
    for (const char* ids : {"part_ids", "sample_ids"})
      if (const std::string path = concat("slices/", ids); file_.is_data_set(path)) add_volume(layout_.ids, ids, path);
    for (const std::string& sensor : file_.names("temporal"))
      if (const std::string path = "temporal/" + sensor; file_.is_data_set(path))
        layout_.temporal.push_back({sensor, path, file_.storage(path)});
    layout_.scans = static_cast<Index>(file_.names("scans").size());
    layout_.parameters = file_.names("parts/process_parameters");
    layout_.reference_images = file_.names("reference_images");
    note_shapes();
    return std::move(layout_);
  }

 private:
  void note(const std::string& text) { layout_.notes.push_back(text); }

  /// An attribute of the root in millimetres, which it is in unless `NAME/units` says something else.
  std::optional<double> in_millimetres(const std::string& name) {
    const std::optional<double> number = file_.number("/", name);
    const std::vector<std::string> units = file_.texts("/", name + "/units");
    if (!number || units.empty()) return number;
    const std::string unit = ascii_lower(units.front());
    if (unit == "mm" || unit.starts_with("millimet")) return number;
    if (unit == "um" || unit == "\xC2\xB5m" || unit == "\xCE\xBCm" || unit.starts_with("micro")) return *number / 1000;
    if (unit == "cm") return *number * 10;
    if (unit == "m") return *number * 1000;
    note(concat(name, " is in '", units.front(), "', which is not known: it is not used"));
    return std::nullopt;
  }

  void add_volume(std::vector<PeregrineDataSet>& list, const std::string& name, const std::string& path) {
    PeregrineDataSet found{name, path, file_.storage(path)};
    if (found.storage.shape.size() == 3 && found.storage.numbers != Hdf5Numbers::other)
      list.push_back(std::move(found));
    else
      note(concat(path, " is left aside: expected numbers [layers, height, width], found ", found.storage.type_text(),
                  ' ', shape_text(found.storage.shape)));
  }
  static std::string shape_text(const std::vector<Index>& shape) {
    return shape.size() <= Shape::max_rank ? concat(Shape(shape)) : concat(shape.size(), " dimensions");
  }

  /// All volumes below a group.
  void find_cameras(const std::string& group, const std::string& prefix) {
    for (const std::string& name : file_.names(group)) {
      const std::string path = concat(group, '/', name);
      if (file_.is_data_set(path))
        add_volume(layout_.cameras, prefix + name, path);
      else if (prefix.size() < 200)  // a group may hold itself
        find_cameras(path, prefix + name + '/');
    }
  }

  std::vector<std::string> class_names(const std::string& object) {
    std::vector<std::string> names = listed_names(file_.texts(object, "class_names"));
    if (names.empty()) names = listed_names(file_.texts(peregrine_masks + "/class_names"));
    if (names.empty()) names = listed_names(file_.texts("/", "class_names"));
    return names;
  }

  void find_masks() {
    if (file_.is_data_set(peregrine_masks)) return add_categorical(peregrine_masks, class_names(peregrine_masks));
    const std::vector<std::string> names = class_names(peregrine_masks);
    for (const std::string& name : file_.names(peregrine_masks)) {
      const std::string path = concat(peregrine_masks, '/', name);
      if (name == "class_names" || !file_.is_data_set(path)) continue;
      if (const auto number = parse_number<Index>(name)) {
        add_mask(path, *number, names);
      } else {
        const std::vector<std::string> own = listed_names(file_.texts(path, "class_names"));
        add_categorical(path, own.empty() ? names : own);
      }
    }
  }

  void add_mask(const std::string& path, Index number, const std::vector<std::string>& names) {
    std::vector<PeregrineDataSet> found;
    std::string name = concat("class ", number);
    if (number >= 0 && number < static_cast<Index>(names.size()))
      name = names[static_cast<std::size_t>(number)];
    else
      note(concat(path, " has no name: it is called '", name, "' (", names.size(), " class names are given)"));
    add_volume(found, name, path);
    if (!found.empty()) layout_.masks.push_back({std::move(found.front()), std::nullopt});
  }

  /// One data set with the number of a class in each pixel.
  void add_categorical(const std::string& path, const std::vector<std::string>& names) {
    std::vector<PeregrineDataSet> found;
    add_volume(found, "", path);
    if (found.empty()) return;
    if (names.empty() || names.size() > 256)
      note(concat(path, " is left aside: it holds numbers of classes, and class_names has ", names.size(),
                  " names, expected 1 to 256"));
    for (std::size_t i = 0; i < names.size() && names.size() <= 256; ++i)
      layout_.masks.push_back({{names[i], path, found.front().storage}, static_cast<std::uint8_t>(i)});
  }

  /// What has another shape than the first camera is left aside.
  void note_shapes() {
    const std::vector<Index> shape = layout_.shape();
    const auto other = [&](const PeregrineDataSet& set) {
      if (set.storage.shape == shape) return false;
      note(concat(set.path, " is left aside: it is ", Shape(set.storage.shape), ", not ", Shape(shape)));
      return true;
    };
    for (const PeregrineDataSet& camera : layout_.cameras)
      if (camera.storage.shape != shape && camera.storage.shape[0] == shape[0]) layout_.other_cameras.push_back(camera);
    std::erase_if(layout_.cameras, other);
    std::erase_if(layout_.masks, [&](const PeregrineMask& mask) { return other(mask.data_set); });
    std::erase_if(layout_.ids, other);
    std::erase_if(layout_.temporal, [&](const PeregrineDataSet& set) {
      const Hdf5Storage& stored = set.storage;
      const bool each = stored.numbers != Hdf5Numbers::other && stored.shape.size() == 1 &&
                        (shape.empty() || stored.shape[0] == shape[0]);
      if (!each)
        note(concat(set.path, " is left aside: expected a number for each layer, found ", stored.type_text(), ' ',
                    shape_text(stored.shape)));
      return !each;
    });
    if (!shape.empty() && layout_.stated_layers && *layout_.stated_layers != static_cast<double>(shape[0]))
      note(concat("core/number_of_layers is ", *layout_.stated_layers, ", but there are ", shape[0], " layers"));
  }

  const Hdf5File& file_;
  PeregrineLayout layout_;
};

}  // namespace detail

/// Looks at what a file holds. @throws FileError for a damaged one.
inline PeregrineLayout discover_layout(const Hdf5File& file) { return detail::PeregrineDiscovery(file).run(); }

}  // namespace amdefect
