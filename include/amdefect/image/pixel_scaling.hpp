#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "amdefect/core/tensor.hpp"
#include "amdefect/image/pixel_view.hpp"
#include "amdefect/io/json_reader.hpp"

namespace amdefect {

/// What a network sees of a pixel: (grey level - offset) / scale. The offset is also what lies beyond the border of an
/// image: it becomes 0, what convolutions see beyond the border of their input, too. Part of a model's file.
struct PixelScaling {
  double offset = 128, scale = 64;  ///< in grey levels of 8 bits, see `values_per_level`
  /// The same for each channel; empty: `offset` and `scale` for all. Then the offset lies beyond the border.
  std::vector<double> channel_offsets{}, channel_scales{};

  double offset_of(Index channel) const {
    return channel_offsets.empty() ? offset : channel_offsets[static_cast<std::size_t>(channel)];
  }
  double scale_of(Index channel) const {
    return channel_scales.empty() ? scale : channel_scales[static_cast<std::size_t>(channel)];
  }
  friend bool operator==(const PixelScaling&, const PixelScaling&) = default;
};

/// What torchvision's weights for ImageNet expect of red, green and blue: (value / 255 - mean) / deviation.
inline PixelScaling imagenet_scaling() {
  PixelScaling scaling{.offset = 116, .scale = 58};
  for (const double mean : {0.485, 0.456, 0.406}) scaling.channel_offsets.push_back(255 * mean);
  for (const double deviation : {0.229, 0.224, 0.225}) scaling.channel_scales.push_back(255 * deviation);
  return scaling;
}

/// How messages call a channel: by its name, where it has one.
inline std::string channel_text(std::size_t channel, const std::vector<std::string>& names) {
  return channel < names.size() ? "channel '" + names[channel] + "'" : concat("channel ", channel);
}

/// Throws an Error unless the numbers have a meaning. `names` are those of the channels.
inline void check(const PixelScaling& scaling, const std::vector<std::string>& names = {}) {
  constexpr double most = 1e6, least_scale = 1e-6;  // far beyond any sense, and no pixel becomes infinite
  const auto check_pair = [&](const std::string& where, double offset, double scale) {
    require(std::abs(offset) <= most && scale >= least_scale && scale <= most, "pixel scaling: ", where, "offset ",
            offset, " and scale ", scale, ", expected numbers up to ", most, ", scale at least ", least_scale);
  };
  check_pair("", scaling.offset, scaling.scale);
  require(scaling.channel_offsets.size() == scaling.channel_scales.size(),
          "pixel scaling: ", scaling.channel_offsets.size(), " offsets and ", scaling.channel_scales.size(),
          " scales of channels, expected one of each");
  for (std::size_t c = 0; c < scaling.channel_offsets.size(); ++c)
    check_pair(channel_text(c, names) + ": ", scaling.channel_offsets[c], scaling.channel_scales[c]);
}

/// Throws a ShapeError unless the numbers are for images of so many channels.
inline void check_channels(const PixelScaling& scaling, Index channels) {
  const auto scaled = static_cast<Index>(scaling.channel_offsets.size());
  require<ShapeError>(scaled == 0 || scaled == channels, "pixel scaling: there are offsets and scales for ", scaled,
                      " channels, got an image of ", channels);
}

/// `{"offset":128,"scale":64}`, and the lists of the channels if there are any.
inline JsonValue to_json(const PixelScaling& scaling) {
  JsonValue json{{"offset", scaling.offset}, {"scale", scaling.scale}};
  if (scaling.channel_offsets.empty()) return json;
  json.set("channel_offsets", JsonValue::array(scaling.channel_offsets));
  json.set("channel_scales", JsonValue::array(scaling.channel_scales));
  return json;
}
/// Reads what `to_json` makes. @throws FileError for anything else, Error for numbers without a meaning.
inline PixelScaling read_pixel_scaling(const JsonReader& json) {
  json.allow_only({"offset", "scale", "channel_offsets", "channel_scales"});
  PixelScaling scaling{.offset = json.get<double>("offset"), .scale = json.get<double>("scale")};
  scaling.channel_offsets = json.get<std::vector<double>>("channel_offsets", {});
  scaling.channel_scales = json.get<std::vector<double>>("channel_scales", {});
  check(scaling);
  return scaling;
}

/// The value of 8-bit pixels beyond the border of an image: that of `PixelScaling`, middle grey.
inline constexpr std::uint8_t padding_grey = 128;

/// Writes the pixels of an image [height, width, channels] from row `top` and column `left` on into `x`, as far as both
/// reach, scaled, and 0 into the rest of `x`. @throws ShapeError if the channels differ.
template <class T>
void scale_pixels(const PixelView& image, TensorView<T> x, Index top = 0, Index left = 0,
                  const PixelScaling& scaling = {}) {
  require<ShapeError>(image.shape().rank() == 3 && x.rank() == 3 && image.dim(2) == x.dim(2) && top >= 0 && left >= 0,
                      "scale pixels: cannot write an image ", image.shape(), " to ", x.shape());
  check_channels(scaling, x.dim(2));
  const Index channels = x.dim(2), row = x.dim(1) * channels;
  const Index columns = std::clamp<Index>(image.dim(1) - left, 0, x.dim(1));
  image.visit([&]<class P>(TensorView<const P> pixels) {
    const bool by_channel = !scaling.channel_offsets.empty();
    const Index streams = by_channel ? channels : 1;  // of numbers with an offset and scale of their own
    for (Index y = 0; y < x.dim(0); ++y) {
      T* out = x.data() + y * row;
      const Index filled = top + y < image.dim(0) ? columns * channels : 0;
      const P* in = pixels.data() + ((top + y) * image.dim(1) + left) * channels;
      for (Index stream = 0; stream < streams; ++stream) {
        const auto offset = static_cast<T>(scaling.offset_of(stream) * values_per_level<P>);
        const auto scale = static_cast<T>(scaling.scale_of(stream) * values_per_level<P>);
        if (by_channel)
          for (Index i = stream; i < filled; i += channels) out[i] = (static_cast<T>(in[i]) - offset) / scale;
        else
          for (Index i = 0; i < filled; ++i) out[i] = (static_cast<T>(in[i]) - offset) / scale;
      }
      std::fill(out + filled, out + row, T{0});
    }
  });
}

}  // namespace amdefect
