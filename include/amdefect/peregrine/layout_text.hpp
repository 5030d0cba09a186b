#pragma once

#include <span>
#include <string>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/layers/layer_values.hpp"
#include "amdefect/peregrine/peregrine_layout.hpp"

namespace amdefect {

namespace detail {

inline std::string gigabytes(std::uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  return bytes >= 1'000'000'000 ? concat(rounded_number(size / 1e9, 2), " GB")
                                : concat(rounded_number(size / 1e6, 2), " MB");
}

inline std::string storage_text(const Hdf5Storage& storage) {
  return concat(storage.type_text(), ' ', Shape(storage.shape), ", ", storage.layout_text(), ", ",
                gigabytes(storage.stored_bytes), " in the file");
}

inline std::string name_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text;
}

}  // namespace detail

/// What is missing for detection in a file, in one line; empty if nothing is.
inline std::string missing_text(const PeregrineLayout& layout) {
  std::string text;
  if (layout.cameras.empty()) text = "pictures (3-dimensional data sets in slices/camera_data)";
  if (layout.masks.empty())
    text += concat(text.empty() ? "" : " and ", "masks of classes (slices/segmentation_results with class_names)");
  if (text.empty()) return "";
  std::string there;
  for (const PeregrineDataSet& ids : layout.ids)
    there += concat(there.empty() ? "; it has " : ", ", ids.path, " (", ids.storage.type_text(), ' ',
                    Shape(ids.storage.shape), ", ", ids.storage.layout_text(), ')');
  return "there are no " + text + there;
}

/// What a file holds, for people; `values` are those of its layers.
inline std::string to_text(const PeregrineLayout& layout, std::span<const LayerValues> values = {}) {
  std::string text = "build: " + printable(layout.build_name) + '\n';
  if (const std::vector<Index> shape = layout.shape(); !shape.empty())
    text += concat("size: ", shape[0], " layers of ", shape[2], 'x', shape[1], " pixels");
  const auto length = [&](const char* what, const std::optional<double>& mm) {
    if (mm) text += concat("; ", what, ' ', rounded_number(*mm, 4), " mm");
  };
  length("layer thickness", layout.layer_mm);
  length("width", layout.width_mm);
  length("height", layout.height_mm);
  text += '\n';
  const auto list = [&](const char* title, const auto& sets, const auto& line) {
    if (!sets.empty()) text += concat(title, ":\n");
    for (const auto& set : sets) text += "  " + line(set) + '\n';
  };
  const auto data_set = [](const PeregrineDataSet& set) {
    return concat(printable(set.name), ": ", detail::storage_text(set.storage));
  };
  list("channels", layout.cameras, data_set);
  list("classes", layout.masks, [&](const PeregrineMask& mask) {
    return mask.value ? concat(printable(mask.data_set.name), ": value ", static_cast<int>(*mask.value), " of ",
                               mask.data_set.path, ", ", detail::storage_text(mask.data_set.storage))
                      : data_set(mask.data_set) + " (" + mask.data_set.path + ')';
  });
  list("ids", layout.ids, data_set);
  list("values of each layer", values, [](const LayerValues& sensor) { return printable(to_text(sensor)); });
  if (layout.scans > 0) text += concat("scan paths: of ", layout.scans, " layers\n");
  if (!layout.parameters.empty()) text += "process parameters: " + detail::name_list(layout.parameters) + '\n';
  if (!layout.reference_images.empty())
    text += "reference images: " + detail::name_list(layout.reference_images) + '\n';
  for (const std::string& note : layout.notes) text += "note: " + printable(note) + '\n';
  if (const std::string missing = missing_text(layout); !missing.empty())
    text += "missing: " + printable(missing) + '\n';
  return text;
}

}  // namespace amdefect
