#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/image/image.hpp"
#include "amdefect/layers/volume.hpp"

namespace amdefect {

/// One of the pictures that there are of each layer, with a source of its own.
struct LayerChannel {
  std::string name;  ///< e.g. "visible/0"
  std::shared_ptr<const Volume> pixels;
};

/// Where a class is: the pixels of a volume that have a value.
struct LayerMask {
  std::string class_name;
  std::shared_ptr<const Volume> labels;
  std::optional<std::uint8_t> value{};  ///< not given: every value but 0
};

/// What is known of the places of pixels; 0: unknown.
struct LayerGeometry {
  double mm_per_column = 0, mm_per_row = 0, mm_per_layer = 0;
};

/// A part, or a plate of parts, built layer by layer: pictures and masks of each layer, all of the same size.
struct Build {
  std::filesystem::path file;  ///< that it is read from
  std::string name;            ///< what the file calls it, or the name of the file
  std::vector<LayerChannel> channels{};
  std::vector<LayerMask> masks{};
  LayerGeometry geometry{};
  std::shared_ptr<ChunkCache> cache{};

  /// [layers, height, width]. @throws Error without channels and masks.
  Shape shape() const {
    require(!channels.empty() || !masks.empty(), file.string(), ": has neither pictures nor masks");
    return channels.empty() ? masks.front().labels->shape() : channels.front().pixels->shape();
  }
  /// All channels of a window, interleaved. @throws FileError for what cannot be read.
  Image read(const LayerWindow& window) const {
    const auto count = static_cast<Index>(channels.size());
    Image image(window.height, window.width, count);
    for (Index c = 0; c < count; ++c)
      channels[static_cast<std::size_t>(c)].pixels->read(window, image.bytes().subspan(static_cast<std::size_t>(c)),
                                                         count);
    return image;
  }
  /// The whole of a layer.
  LayerWindow whole_layer(Index layer) const { return {layer, 0, 0, shape()[1], shape()[2]}; }
  /// Lets the cache hold the chunks of a layer in all channels, so that layers can be read one after the other.
  void allow_whole_layers() const {
    std::size_t bytes = std::size_t{1} << 20;
    for (const LayerChannel& channel : channels) bytes += channel.pixels->slab_bytes() * 17 / 16;
    constexpr std::size_t most = std::size_t{8} << 30;
    require<FileError>(bytes <= most, file.string(), ": the chunks of a whole layer take ", bytes >> 20,
                       " MB of memory, expected at most ", most >> 20);
    cache->grow(bytes);
  }
};

}  // namespace amdefect
