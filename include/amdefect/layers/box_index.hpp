#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/file_key.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/layers/build.hpp"
#include "amdefect/layers/layer_ranges.hpp"
#include "amdefect/layers/mask_regions.hpp"

namespace amdefect {

/// An object in a layer: the number of its class, and where it is.
struct LayerBox {
  Index layer = 0, label = 0;
  MaskRegion region{};

  friend bool operator==(const LayerBox&, const LayerBox&) = default;
};

/// What the boxes of an index were made from: another file, or other options, make others.
struct BoxIndexOrigin {
  std::uintmax_t file_bytes = 0;
  std::int64_t file_time = 0;  ///< when it was written last, in nanoseconds
  Shape shape{};
  std::vector<std::string> classes{};
  MaskBoxOptions options{};

  friend bool operator==(const BoxIndexOrigin&, const BoxIndexOrigin&) = default;
};

/// The objects of chosen classes in all layers of a build, by layer and class.
struct BoxIndex {
  BoxIndexOrigin origin{};
  std::vector<LayerBox> boxes{};

  /// Those of a layer.
  std::span<const LayerBox> in_layer(Index layer) const {
    const auto range = std::equal_range(boxes.begin(), boxes.end(), LayerBox{.layer = layer},
                                        [](const LayerBox& a, const LayerBox& b) { return a.layer < b.layer; });
    return {range.first, range.second};
  }
};

/// Called after each slab of layers with the share that is done, from 0 to 1.
using LayerProgress = std::function<void(double share)>;

/// @throws FileError if the system does not tell of the file.
inline BoxIndexOrigin box_index_origin(const Build& build, const std::vector<std::string>& classes,
                                       const MaskBoxOptions& options) {
  const FileStamp stamp = file_stamp(build.file);
  return {stamp.bytes, stamp.time, build.shape(), classes, options};
}

/// The mask of a class. @throws FileError that names those that there are if it is none of them.
inline const LayerMask& mask_of(const Build& build, const std::string& class_name) {
  std::string names;
  for (const LayerMask& mask : build.masks) {
    if (mask.class_name == class_name) return mask;
    names += (names.empty() ? "" : ", ") + mask.class_name;
  }
  throw FileError(concat(build.file.string(), ": has no masks of the class '", class_name, "', ",
                         names.empty() ? "nor of any other" : "but of " + names));
}

/// Looks for the objects of the classes in a range of layers, class by class in the order of the chunks, so that every
/// chunk is read once and those of one mask and slab are in memory; by layer and class.
/// @throws FileError for a class that there is not, and for masks that cannot be read.
inline std::vector<LayerBox> find_boxes(const Build& build, const std::vector<std::string>& classes,
                                        const MaskBoxOptions& options, const LayerRange& range,
                                        const LayerProgress& progress = {}) {
  std::vector<LayerBox> boxes;
  std::vector<const LayerMask*> masks;
  masks.reserve(classes.size());
  for (const std::string& name : classes) masks.push_back(&mask_of(build, name));
  const Shape shape = build.shape();
  Chunk values(static_cast<std::size_t>(shape[1] * shape[2]));
  Index done = 0;
  for (std::size_t first = 0; first < masks.size(); ++first) {
    const Volume& labels = *masks[first]->labels;
    const auto is_earlier = [&](const LayerMask* mask) { return mask->labels == masks[first]->labels; };
    if (std::any_of(masks.begin(), masks.begin() + static_cast<std::ptrdiff_t>(first), is_earlier)) continue;
    build.cache->grow(labels.slab_bytes() * 17 / 16);
    for (Index layer = range.begin; layer < range.end; layer += range.step) {
      labels.read(build.whole_layer(layer), values);
      for (std::size_t label = first; label < masks.size(); ++label) {
        if (masks[label]->labels != masks[first]->labels) continue;
        for (const MaskRegion& region : mask_objects(values, shape[2], masks[label]->value, options))
          boxes.push_back({layer, static_cast<Index>(label), region});
        ++done;
      }
      if (progress && (layer + 1) % labels.chunk_shape()[0] == 0)
        progress(static_cast<double>(done) / static_cast<double>(range.size() * static_cast<Index>(masks.size())));
    }
  }
  if (progress) progress(1);
  std::stable_sort(boxes.begin(), boxes.end(), [](const LayerBox& a, const LayerBox& b) {
    return std::pair(a.layer, a.label) < std::pair(b.layer, b.label);
  });
  return boxes;
}

/// The classes that are defects: all but Powder and Printed.
inline std::vector<std::string> defect_classes(const Build& build) {
  std::vector<std::string> names;
  for (const LayerMask& mask : build.masks)
    if (const std::string name = ascii_lower(mask.class_name); name != "powder" && name != "printed")
      names.push_back(mask.class_name);
  require<FileError>(!names.empty(), build.file.string(), ": has no masks of defects");
  return names;
}

namespace detail {

inline JsonValue to_json(const BoxIndexOrigin& origin) {
  return JsonValue{{"format", 1},
                   {"file_bytes", static_cast<std::int64_t>(origin.file_bytes)},
                   {"file_time", origin.file_time},
                   {"shape", JsonValue::array(origin.shape)},
                   {"classes", JsonValue::array(origin.classes)},
                   {"least_area", origin.options.least_area},
                   {"join", origin.options.join}};
}

}  // namespace detail

/// Writes an index: a JSON object of what it was made from, and a list of [layer, class, left, top, right, bottom,
/// area]. @throws FileError
inline void write_box_index(const std::filesystem::path& path, const BoxIndex& index) {
  AtomicFile file(path);
  file.write("{\"made_from\": " + detail::to_json(index.origin).to_text() + ",\n\"boxes\": [");
  std::string lines;
  for (std::size_t i = 0; i < index.boxes.size(); ++i) {
    const auto& [layer, label, r] = index.boxes[i];
    lines += concat(i > 0 ? ",\n[" : "\n[", layer, ',', label, ',', r.left, ',', r.top, ',', r.right, ',', r.bottom,
                    ',', r.area, ']');
    if (lines.size() > 60'000) file.write(std::exchange(lines, {}));
  }
  file.write(lines + "]}\n");
  file.commit();
}

/// The index in a file, if that was made from the same; nothing where there is none, or one of something else, or a
/// damaged one. @throws FileError if the file cannot be read.
inline std::optional<BoxIndex> read_box_index(const std::filesystem::path& path, const BoxIndexOrigin& origin) {
  if (!is_file(path)) return std::nullopt;
  const Bytes bytes = read_bytes(path);
  BoxIndex index{origin, {}};
  try {
    const JsonValue json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
    const JsonValue *made_from = json.find("made_from"), *boxes = json.find("boxes");
    if (!made_from || !boxes || !(*made_from == detail::to_json(origin))) return std::nullopt;
    const auto* list = boxes->get_if<JsonValue::Array>();
    if (!list) return std::nullopt;
    for (const JsonValue& item : *list) {
      const auto* numbers = item.get_if<JsonValue::Array>();
      if (!numbers || numbers->size() != 7) return std::nullopt;
      std::array<Index, 7> n{};
      for (std::size_t i = 0; i < n.size(); ++i) {
        const auto* number = (*numbers)[i].get_if<std::int64_t>();
        if (!number || *number < 0) return std::nullopt;
        n[i] = *number;
      }
      const bool inside = n[0] < origin.shape[0] && n[1] < static_cast<Index>(origin.classes.size()) && n[2] < n[4] &&
                          n[4] <= origin.shape[2] && n[3] < n[5] && n[5] <= origin.shape[1];
      if (!inside || (!index.boxes.empty() && index.boxes.back().layer > n[0])) return std::nullopt;
      index.boxes.push_back({n[0], n[1], {n[2], n[3], n[4], n[5], n[6]}});
    }
  } catch (const Error&) {
    return std::nullopt;  // made anew
  }
  return index;
}

/// Where the index of a file is kept: beside it.
inline std::filesystem::path box_index_file(const std::filesystem::path& file) {
  return std::filesystem::path(file) += ".boxes.json";
}

/// The index beside the build's file, made where there is none that fits. Where it cannot be written, `log` is told,
/// and nothing is kept. @throws what `find_boxes` throws
inline BoxIndex open_box_index(const Build& build, const std::vector<std::string>& classes,
                               const MaskBoxOptions& options = {}, const LayerProgress& progress = {},
                               const std::function<void(const std::string&)>& log = {}) {
  const std::filesystem::path path = box_index_file(build.file);
  const BoxIndexOrigin origin = box_index_origin(build, classes, options);
  if (std::optional<BoxIndex> kept = read_box_index(path, origin)) return std::move(*kept);
  BoxIndex index{origin, find_boxes(build, classes, options, {0, build.shape()[0]}, progress)};
  try {
    write_box_index(path, index);
  } catch (const FileError& error) {
    if (log) log(concat("warning: the boxes are looked for again the next time: ", error.what()));
  }
  return index;
}

}  // namespace amdefect
