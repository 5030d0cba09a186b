#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/layers/box_index.hpp"
#include "amdefect/layers/build.hpp"

namespace amdefect {

/// The box of a mask's region.
inline Box to_box(const MaskRegion& region) {
  return {static_cast<double>(region.left), static_cast<double>(region.top), static_cast<double>(region.right),
          static_cast<double>(region.bottom)};
}

/// "layer_00012".
inline std::string layer_name(Index layer) {
  char name[40];
  std::snprintf(name, sizeof name, "layer_%05lld", static_cast<long long>(layer));
  return name;
}

/// Classes as COCO has them, with ids from 1 on.
inline std::vector<CocoCategory> layer_categories(const std::vector<std::string>& classes) {
  std::vector<CocoCategory> categories;
  categories.reserve(classes.size());
  for (const std::string& name : classes)
    categories.push_back({static_cast<std::int64_t>(categories.size()) + 1, name, ""});
  return categories;
}

/// The folder of a further channel among pictures: its name without slashes, and without dots that lead elsewhere.
inline std::string channel_folder(std::string channel) {
  std::replace(channel.begin(), channel.end(), '/', '_');
  return channel.starts_with('.') ? "_" + channel : channel;
}

/// Writes layers as a COCO data set: a grey PNG picture `layer_00012.png` of the first channel for each, further
/// channels in folders of their own (`CocoSourceOptions::extra_image_folders`), and `_annotations.coco.json` with
/// `boxes`, whose labels are places in `classes`.
/// @throws FileError for what cannot be read or written, for a channel that is missing, and for a folder that is not
/// empty.
inline CocoDataset export_layers(const Build& build, const LayerRange& range, const std::vector<std::string>& classes,
                                 std::span<const LayerBox> boxes, const std::filesystem::path& folder) {
  require<FileError>(!build.channels.empty(), build.file.string(), ": has no pictures to export");
  for (const LayerChannel& channel : build.channels)
    require<FileError>(channel.pixels != nullptr, build.file.string(), ": the channel '", channel.name, "' is missing");
  make_folder(folder);
  std::error_code failure;
  require<FileError>(std::filesystem::is_empty(folder, failure) && !failure, folder.string(),
                     ": is not empty; choose another folder");
  for (std::size_t c = 1; c < build.channels.size(); ++c) {
    const std::filesystem::path of_channel = folder / channel_folder(build.channels[c].name);
    require<FileError>(!is_there(of_channel), of_channel.string(), ": would be the folder of two channels");
    make_folder(of_channel);
  }
  build.allow_whole_layers();
  CocoDataset coco;
  coco.categories = layer_categories(classes);
  for (Index layer = range.begin; layer < range.end; layer += range.step) {
    const LayerWindow window = build.whole_layer(layer);
    const std::string name = layer_name(layer) + ".png";
    const Image all = build.read(window);
    for (std::size_t c = 0; c < build.channels.size(); ++c) {
      Image picture(window.height, window.width, 1);
      for (std::size_t i = 0; i < picture.bytes().size(); ++i)
        picture.bytes()[i] = all.bytes()[i * build.channels.size() + c];
      save_image(c == 0 ? folder / name : folder / channel_folder(build.channels[c].name) / name, picture);
    }
    coco.images.push_back({layer, name, window.width, window.height});
  }
  for (const LayerBox& box : boxes)
    coco.annotations.push_back({static_cast<std::int64_t>(coco.annotations.size()) + 1, box.layer, box.label + 1,
                                to_coco(to_box(box.region)), static_cast<double>(box.region.area), false, false});
  write_coco_annotations(folder / "_annotations.coco.json", coco);
  return coco;
}

}  // namespace amdefect
