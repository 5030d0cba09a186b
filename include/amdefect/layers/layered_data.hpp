#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/picture_source.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/layers/layer_ranges.hpp"
#include "amdefect/layers/layer_source.hpp"
#include "amdefect/sensors/registration_json.hpp"

namespace amdefect {

/// How builds become a data set.
struct LayeredDataOptions {
  std::vector<std::string> classes{};  ///< by name; empty: all of the first build but Powder and Printed
  MaskBoxOptions boxes{};
  /// Side of the pieces that training is shown, in pixels; 0: whole layers. At least the side of the crops.
  Index tile = 512;
  double min_visible = 0.3;  ///< of a box that a piece cuts
  LayerSplitOptions split{};
  /// The last build is the test split, the one before it the validation split, where there are three or more; else
  /// every build is divided by its layers.
  bool by_build = false;
  Index most_valid = 40, most_test = 200;  ///< whole layers that are looked at, evenly spread; 0: all
};

/// A data set of layers: splits as a COCO data set has them, and where their pictures come from. Training is shown
/// pieces of layers, validation and test whole ones. Pictures are numbers (`PictureSource::open_numbers`) where a build
/// is read as such, or lacks a channel.
struct LayeredData {
  CocoSplits splits{};
  PictureSource pictures{};
};

namespace detail {

/// Puts the splits of a LayeredData together.
class LayeredDataMaker {
 public:
  LayeredDataMaker(std::vector<Build> builds, const LayeredDataOptions& options)
      : builds_(std::make_shared<const std::vector<Build>>(std::move(builds))), options_(options) {
    require(!builds_->empty(), "layers: there is no build");
    const Build& first = builds_->front();
    if (options_.classes.empty()) options_.classes = defect_classes(first);
    for (const Build& build : *builds_) {
      require<FileError>(!build.channels.empty() && build.channels.size() == first.channels.size(), build.file.string(),
                         ": has ", build.channels.size(), " channels, but ", first.file.string(), " has ",
                         first.channels.size(), "; choose the same number of each (channels)");
      for (std::size_t c = 0; c < first.channels.size(); ++c)
        require<FileError>(build.channels[c].name == first.channels[c].name, build.file.string(), ": channel ", c,
                           " is '", build.channels[c].name, "', but that of ", first.file.string(), " is '",
                           first.channels[c].name, "'; choose them by name (channels)");
      add_places(build);
      build.allow_whole_layers();
    }
    const bool three = builds_->size() > 2;
    require(!options_.by_build || builds_->size() > 1, "layers: to be split by builds, there have to be two or more");
    valid_build_ = options_.by_build && three ? builds_->size() - 2 : builds_->size();
    test_build_ = options_.by_build ? builds_->size() - 1 : builds_->size();
  }

  LayeredData run(const LayerProgress& progress, const std::function<void(const std::string&)>& log) {
    std::vector<LayerPicture> train, valid, test;
    for (std::size_t i = 0; i < builds_->size(); ++i) {
      const Build& build = (*builds_)[i];
      const BoxIndex index = open_box_index(build, options_.classes, options_.boxes, progress, log);
      const LayerSplit split = split_of(i);
      add(train, i, index, split.train, options_.tile, 0);
      add(valid, i, index, split.valid, 0, share(options_.most_valid));
      add(test, i, index, split.test, 0, share(options_.most_test));
    }
    LayeredData data;
    data.splits.root = builds_->front().file;
    const auto split_pictures = std::make_shared<std::map<std::string, std::vector<LayerPicture>>>();
    for (auto& [name, pictures] : {std::pair("train", &train), {"valid", &valid}, {"test", &test}}) {
      if (pictures->empty()) continue;
      member(data.splits, name) = coco_split(name, *pictures);
      (*split_pictures)[name] = std::move(*pictures);
    }
    data.pictures.channels = static_cast<Index>(builds_->front().channels.size());
    for (const LayerChannel& channel : builds_->front().channels) data.pictures.channel_names.push_back(channel.name);
    data.pictures.camera_places = camera_places_;
    data.pictures.own_numbers =
        std::all_of(builds_->begin(), builds_->end(), [](const Build& build) { return build.own_numbers; });
    data.pictures.identity = places();
    data.pictures.open = [builds = builds_, split_pictures](const CocoSplit& split) {
      return std::make_shared<const LayerSource>(builds, split_pictures->at(split.name));
    };
    const auto numbers = [](const Build& build) { return build.own_numbers || !build.missing_channels().empty(); };
    if (std::any_of(builds_->begin(), builds_->end(), numbers))
      data.pictures.open_numbers = [builds = builds_, split_pictures](const CocoSplit& split) {
        return std::make_shared<const BasicLayerSource<float>>(builds, split_pictures->at(split.name));
      };
    return data;
  }

 private:
  /// Notes where the cameras with other pixels than the build lie. @throws FileError if the pixels are others than
  /// those of an earlier build, for which a matrix says something else
  void add_places(const Build& build) {
    for (const LayerChannel& channel : build.channels) {
      if (!channel.registration) continue;
      const Shape layer = build.shape(), camera = channel.pixels->shape();
      const CameraPlace place{*channel.registration, layer[1], layer[2], camera[1], camera[2]};
      require<FileError>(camera_places_.try_emplace(channel.name, place).first->second == place, build.file.string(),
                         ": the layers, or the pictures of '", channel.name, "', have other sizes than those of ",
                         builds_->front().file.string(), ": where they lie (sensors) can be said for one size only");
    }
  }
  /// The same for the identity of a run; null without any.
  JsonValue places() const {
    JsonValue places;
    for (const auto& [name, place] : camera_places_) places.set(name, to_json(place.registration));
    return places;
  }

  Index share(Index most) const {
    return most > 0 ? std::max<Index>(1, most / (options_.by_build ? 1 : static_cast<Index>(builds_->size()))) : 0;
  }

  LayerSplit split_of(std::size_t build) const {
    const Index layers = (*builds_)[build].shape()[0];
    const LayerRange all{0, layers, 1};
    if (!options_.by_build) return split_layers(layers, (*builds_)[build].reference().chunk_shape()[0], options_.split);
    if (build == test_build_) return {{}, {}, {all}};
    if (build == valid_build_) return {{}, {all}, {}};
    return {{all}, {}, {}};
  }

  /// Pieces of the layers of the ranges, of at most so many layers if `most` is not 0.
  void add(std::vector<LayerPicture>& pictures, std::size_t number, const BoxIndex& index,
           const std::vector<LayerRange>& ranges, Index tile, Index most) const {
    std::vector<Index> layers;
    for (const LayerRange& range : ranges)
      for (Index layer = range.begin; layer < range.end; layer += range.step) layers.push_back(layer);
    const auto count = static_cast<Index>(layers.size()), shown = most > 0 ? std::min(most, count) : count;
    const Shape shape = (*builds_)[number].shape();
    const Index height = tile > 0 ? std::min(tile, shape[1]) : shape[1],
                width = tile > 0 ? std::min(tile, shape[2]) : shape[2];
    for (Index i = 0; i < shown; ++i) {
      const Index layer = layers[static_cast<std::size_t>(i * count / shown)];
      for (const Index top : tile_starts(shape[1], tile))
        for (const Index left : tile_starts(shape[2], tile)) {
          const LayerWindow window{layer, top, left, height, width};
          pictures.push_back({number, window, objects_in(index.in_layer(layer), window, options_.min_visible)});
        }
    }
  }

  CocoSplit coco_split(const std::string& name, const std::vector<LayerPicture>& pictures) const {
    CocoSplit split{.name = name, .annotation_file = builds_->front().file, .coco = {}, .image_files = {}};
    split.coco.categories = layer_categories(options_.classes);
    for (const LayerPicture& picture : pictures) {
      const Build& build = (*builds_)[picture.build];
      const auto id = static_cast<std::int64_t>(split.coco.images.size());
      split.coco.images.push_back({id, concat(build.file.filename().string(), '/', window_name(picture.window)),
                                   picture.window.width, picture.window.height});
      split.image_files.emplace_back();
      split.image_checksums.push_back(fnv1a(concat(build.name, '|', build.shape(), '|', picture.window.layer)));
      for (const LabelledBox& object : picture.objects)
        split.coco.annotations.push_back({static_cast<std::int64_t>(split.coco.annotations.size()) + 1, id,
                                          object.label + 1, to_coco(object.box), object.box.area(), false, false});
    }
    return split;
  }

  std::map<std::string, CameraPlace> camera_places_;
  std::shared_ptr<const std::vector<Build>> builds_;
  LayeredDataOptions options_;
  std::size_t valid_build_ = 0, test_build_ = 0;
};

}  // namespace detail

/// Makes a data set of builds, whose caches from now on hold whole layers. The indices of boxes are kept beside their
/// files.
/// @throws Error for options without meaning and for too few layers, FileError for a class that a build does not have
/// and for what cannot be read.
inline LayeredData layered_data(std::vector<Build> builds, const LayeredDataOptions& options = {},
                                const LayerProgress& progress = {},
                                const std::function<void(const std::string&)>& log = {}) {
  return detail::LayeredDataMaker(std::move(builds), options).run(progress, log);
}

}  // namespace amdefect
