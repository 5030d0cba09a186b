#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/image/image.hpp"
#include "amdefect/image/pixel_scaling.hpp"
#include "amdefect/layers/volume.hpp"
#include "amdefect/sensors/resample.hpp"

namespace amdefect {

/// One of the pictures that there are of each layer, with a source of its own.
struct LayerChannel {
  std::string name;                      ///< e.g. "visible/0"
  std::shared_ptr<const Volume> pixels;  ///< null where the sensor is missing
  /// Where the build's pixels lie in these; not given: they are the same.
  std::optional<Registration> registration{};
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

/// A part, or a plate of parts, built layer by layer: pictures and masks of each layer, all of the same size but for
/// those with a registration.
struct Build {
  std::filesystem::path file;  ///< that it is read from
  std::string name;            ///< what the file calls it, or the name of the file
  std::vector<LayerChannel> channels{};
  std::vector<LayerMask> masks{};
  LayerGeometry geometry{};
  bool own_numbers = false;  ///< read as numbers, pixels are those that sensors measure, else grey levels all the same
  std::shared_ptr<ChunkCache> cache{};

  /// [layers, height, width]. @throws FileError as `reference`.
  Shape shape() const { return reference().shape(); }
  /// The pictures, or masks, whose pixels are those of the build. @throws FileError without any.
  const Volume& reference() const {
    for (const LayerChannel& channel : channels)
      if (channel.pixels && !channel.registration) return *channel.pixels;
    require<FileError>(!masks.empty(), file.string(), ": nothing tells the pixels of the build: it has no masks, and ",
                       channels.empty() ? "no pictures" : "each of its pictures is missing or has a registration");
    return *masks.front().labels;
  }
  /// The names of the channels whose sensors are missing.
  std::vector<std::string> missing_channels() const {
    std::vector<std::string> names;
    for (const LayerChannel& channel : channels)
      if (!channel.pixels) names.push_back(channel.name);
    return names;
  }
  /// All channels of a window, interleaved: as grey levels (what is missing, or what a sensor does not see, as
  /// `padding_grey`), or as numbers (`unknown_pixel`). @throws FileError for what cannot be read.
  template <PixelType P = std::uint8_t>
  BasicImage<P> read(const LayerWindow& window) const {
    const auto count = static_cast<Index>(channels.size());
    BasicImage<P> image(window.height, window.width, count, unknown<P>());
    for (Index c = 0; c < count; ++c) {
      const LayerChannel& channel = channels[static_cast<std::size_t>(c)];
      if (channel.pixels && channel.registration)
        read_registered(channel, window, image, c);
      else if (channel.pixels)
        channel.pixels->read(window, image.values().subspan(static_cast<std::size_t>(c)), count);
    }
    return image;
  }
  /// The whole of a layer.
  LayerWindow whole_layer(Index layer) const { return {layer, 0, 0, shape()[1], shape()[2]}; }
  /// Lets the cache hold the chunks of a layer in all channels, so that layers can be read one after the other.
  void allow_whole_layers() const {
    std::size_t bytes = std::size_t{1} << 20;
    for (const LayerChannel& channel : channels) bytes += channel.pixels ? channel.pixels->slab_bytes() * 17 / 16 : 0;
    constexpr std::size_t most = std::size_t{8} << 30;
    require<FileError>(bytes <= most, file.string(), ": the chunks of a whole layer take ", bytes >> 20,
                       " MB of memory, expected at most ", most >> 20);
    cache->grow(bytes);
  }

 private:
  template <PixelType P>
  static P unknown() {
    if constexpr (std::same_as<P, float>)
      return unknown_pixel;
    else
      return padding_grey;
  }

  /// A channel with pixels of its own, of which as many are read as the window shows.
  template <PixelType P>
  static void read_registered(const LayerChannel& channel, const LayerWindow& window, BasicImage<P>& image, Index c) {
    const auto left = static_cast<double>(window.left), top = static_cast<double>(window.top);
    const Registration from_window = compose(*channel.registration, {1, 0, left, 0, 1, top});
    const LayerWindow seen = window_seen(from_window, window, channel.pixels->shape());
    if (seen.height == 0 || seen.width == 0) return;
    BasicImage<P> own(seen.height, seen.width, 1);
    channel.pixels->read(seen, own.values());
    const Registration to_own{1, 0, -static_cast<double>(seen.left), 0, 1, -static_cast<double>(seen.top)};
    const BasicImage<float> resampled =
        resample_part(pixels(own), compose(to_own, from_window), window.height, window.width);
    for (Index y = 0; y < window.height; ++y)
      for (Index x = 0; x < window.width; ++x)
        if (const float value = resampled(y, x, 0); !std::isnan(value)) image(y, x, c) = to_pixel<P>(value);
  }
  /// The pixels of a sensor that a window shows, and one more around.
  static LayerWindow window_seen(const Registration& from_window, const LayerWindow& window, const Shape& shape) {
    const auto width = static_cast<double>(window.width), height = static_cast<double>(window.height);
    Box seen{1e300, 1e300, -1e300, -1e300};
    for (const PicturePoint& corner : {PicturePoint{0, 0}, {width, 0}, {0, height}, {width, height}}) {
      const PicturePoint p = from_window(corner);
      seen = {std::min(seen.x1, p.x), std::min(seen.y1, p.y), std::max(seen.x2, p.x), std::max(seen.y2, p.y)};
    }
    const auto pixel = [](double place, Index size) {
      return static_cast<Index>(std::clamp(std::floor(place), 0.0, static_cast<double>(size)));
    };
    LayerWindow part{window.layer, pixel(seen.y1 - 1, shape[1]), pixel(seen.x1 - 1, shape[2])};
    part.height = std::max<Index>(0, pixel(seen.y2 + 2, shape[1]) - part.top);
    part.width = std::max<Index>(0, pixel(seen.x2 + 2, shape[2]) - part.left);
    return part;
  }
};

}  // namespace amdefect
