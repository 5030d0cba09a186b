#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "amdefect/data/augment.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/io/file_key.hpp"
#include "amdefect/layers/build.hpp"
#include "amdefect/layers/layer_export.hpp"

namespace amdefect {

/// A piece of a layer of one of several builds, and the objects in it, in its pixels.
struct LayerPicture {
  std::size_t build = 0;
  LayerWindow window{};
  std::vector<LabelledBox> objects{};
};

/// "layer_00012" or, for a piece, "layer_00012_y512_x0".
inline std::string window_name(const LayerWindow& window) {
  return concat(layer_name(window.layer), "_y", window.top, "_x", window.left);
}

/// Pieces of layers as annotated pictures, read from their files when they are asked for: as grey levels, or as
/// numbers.
template <PixelType P>
class BasicLayerSource final : public BasicSampleSource<P> {
 public:
  BasicLayerSource(std::shared_ptr<const std::vector<Build>> builds, std::vector<LayerPicture> pictures)
      : builds_(std::move(builds)), pictures_(std::move(pictures)) {}

  Index size() const override { return static_cast<Index>(pictures_.size()); }
  std::shared_ptr<const BasicSample<P>> load(Index index) const override {
    const LayerPicture& picture = at(index);
    return std::make_shared<BasicSample<P>>(
        BasicSample<P>{build_of(picture).template read<P>(picture.window), picture.objects, {}});
  }
  std::vector<LabelledBox> objects(Index index) const override { return at(index).objects; }
  std::string name(Index index) const override {
    const LayerPicture& picture = at(index);
    return concat(build_of(picture).file.string(), ", ", window_name(picture.window));
  }
  /// @throws FileError if the file of the build is not there.
  std::string key(Index index) const override {
    const LayerPicture& picture = at(index);
    const auto& [layer, top, left, height, width] = picture.window;
    std::string key = concat(file_key(build_of(picture).file), '|', sizeof(P) > 1 ? "numbers " : "levels ",
                             build_of(picture).own_numbers, ' ', layer, ' ', top, ' ', left, ' ', height, ' ', width);
    for (const LayerChannel& channel : build_of(picture).channels) {
      key += '|' + channel.name + (channel.pixels ? "" : " missing");
      if (channel.registration) key += registration_key(*channel.registration);
    }
    return key + objects_key(picture.objects);
  }

  /// Pieces whose first chunks are the same, in the pictures whose pixels are the build's.
  std::vector<std::vector<Index>> blocks() const override {
    std::map<std::tuple<std::size_t, Index, Index, Index>, std::vector<Index>> blocks;
    for (Index i = 0; i < size(); ++i) {
      const LayerPicture& picture = at(i);
      const Shape& chunk = build_of(picture).reference().chunk_shape();
      const LayerWindow& window = picture.window;
      blocks[{picture.build, window.layer / chunk[0], window.top / chunk[1], window.left / chunk[2]}].push_back(i);
    }
    std::vector<std::vector<Index>> list;
    list.reserve(blocks.size());
    for (auto& [place, images] : blocks) list.push_back(std::move(images));
    return list;
  }

 private:
  const LayerPicture& at(Index index) const { return pictures_[static_cast<std::size_t>(index)]; }
  const Build& build_of(const LayerPicture& picture) const { return (*builds_)[picture.build]; }

  std::shared_ptr<const std::vector<Build>> builds_;
  std::vector<LayerPicture> pictures_;
};
using LayerSource = BasicLayerSource<std::uint8_t>;

/// Where pieces of `tile` pixels begin that cover `size` of them; the last one overlaps the one before. With a tile of
/// 0, or one as large, it is the whole.
inline std::vector<Index> tile_starts(Index size, Index tile) {
  std::vector<Index> starts;
  if (tile <= 0 || tile >= size) return {0};
  for (Index start = 0; start + tile < size; start += tile) starts.push_back(start);
  starts.push_back(size - tile);
  return starts;
}

/// What of a layer's objects is seen in a piece of it; see the `objects_in` of other pictures.
inline std::vector<LabelledBox> objects_in(std::span<const LayerBox> boxes, const LayerWindow& window,
                                           double min_visible) {
  std::vector<LabelledBox> objects;
  objects.reserve(boxes.size());
  for (const LayerBox& box : boxes) objects.push_back({to_box(box.region), box.label});
  return objects_in(objects, CropWindow{window.top, window.left, window.height, window.width}, min_visible);
}

}  // namespace amdefect
