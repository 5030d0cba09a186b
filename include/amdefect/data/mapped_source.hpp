#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/data/sample.hpp"
#include "amdefect/image/pixel_scaling.hpp"
#include "amdefect/sensors/channel_moments.hpp"

namespace amdefect {

/// What becomes of the numbers of a channel: (number - offset) * factor + shift, so that little is lost of numbers that
/// differ by little; of what is unknown (not finite) a number of its own.
struct ChannelMap {
  float offset = 0, factor = 1, shift = 0, unknown = 0;
};

/// Maps the channels of an image, for each of which there must be a map.
inline void map_channels(BasicImage<float>& image, const std::vector<ChannelMap>& maps) {
  for (auto value = image.values().begin(); value != image.values().end();)
    for (const ChannelMap& map : maps) {
      *value = std::isfinite(*value) ? (*value - map.offset) * map.factor + map.shift : map.unknown;
      ++value;
    }
}

/// The numbers as they are; what is unknown is the channel's mean, which a network of this scaling sees as 0.
/// @throws ShapeError for a scaling of another number of channels
inline std::vector<ChannelMap> mean_maps(const PixelScaling& scaling, Index channels) {
  check_channels(scaling, channels);
  std::vector<ChannelMap> maps;
  for (Index c = 0; c < channels; ++c) maps.push_back({0, 1, 0, static_cast<float>(scaling.offset_of(c))});
  return maps;
}

/// The samples of a source of numbers, mapped.
class MappedSource final : public BasicSampleSource<float> {
 public:
  MappedSource(std::shared_ptr<const BasicSampleSource<float>> source, std::vector<ChannelMap> maps)
      : source_(std::move(source)), maps_(std::move(maps)) {}

  Index size() const override { return source_->size(); }
  std::shared_ptr<const BasicSample<float>> load(Index index) const override {
    const auto original = source_->load(index);
    const BasicImage<float>& image = original->image;
    require<ShapeError>(image.channels() == static_cast<Index>(maps_.size()), source_->name(index), ": has ",
                        image.channels(), " channels, expected ", maps_.size());
    auto mapped = std::make_shared<BasicSample<float>>();
    mapped->image = image.clone();
    mapped->objects = original->objects;
    mapped->placement = original->placement;
    map_channels(mapped->image, maps_);
    return mapped;
  }
  std::vector<LabelledBox> objects(Index index) const override { return source_->objects(index); }
  std::vector<std::vector<Index>> blocks() const override { return source_->blocks(); }
  std::string name(Index index) const override { return source_->name(index); }
  std::string key(Index index) const override {
    std::string key = source_->key(index) + "|mapped";
    for (const ChannelMap& map : maps_)
      for (const float number : {map.offset, map.factor, map.shift, map.unknown})
        key += ' ' + shortest_number(static_cast<double>(number));
    return key;
  }

 private:
  std::shared_ptr<const BasicSampleSource<float>> source_;
  std::vector<ChannelMap> maps_;
};

/// Gives pixels of which nothing is known the mean of their channel, which a network of this scaling sees as 0.
inline void fill_unknown(BasicImage<float>& image, const PixelScaling& scaling) {
  map_channels(image, mean_maps(scaling, image.channels()));
}

/// The samples with the mean of its channel for what is unknown.
inline std::shared_ptr<const MappedSource> with_means(std::shared_ptr<const BasicSampleSource<float>> source,
                                                      const PixelScaling& scaling, Index channels) {
  return std::make_shared<const MappedSource>(std::move(source), mean_maps(scaling, channels));
}

/// The numbers on the scale of grey levels, as augmentation wants them: what a network of `scaling` sees of them, the
/// network of the default scaling sees of these.
inline std::shared_ptr<const MappedSource> as_levels(std::shared_ptr<const BasicSampleSource<float>> source,
                                                     const PixelScaling& scaling, Index channels) {
  check_channels(scaling, channels);
  const PixelScaling levels{};
  std::vector<ChannelMap> maps;
  for (Index c = 0; c < channels; ++c)
    maps.push_back({static_cast<float>(scaling.offset_of(c)), static_cast<float>(levels.scale / scaling.scale_of(c)),
                    static_cast<float>(levels.offset), static_cast<float>(levels.offset)});
  return std::make_shared<const MappedSource>(std::move(source), std::move(maps));
}

/// Mean and deviation of each channel as a scaling, measured on at most `most` pictures, evenly spread. `names` are
/// those of the channels, for messages. @throws Error for a channel that shows nothing, and what reading throws
inline PixelScaling measure_scaling(const BasicSampleSource<float>& source, const std::vector<std::string>& names,
                                    Index most = 200) {
  require(source.size() > 0, "channel moments: there is no picture to measure");
  const Index shown = std::min(most, source.size());
  ChannelMoments moments(source.load(0)->image.channels());
  for (Index i = 0; i < shown; ++i) moments.add(pixels(source.load(i * source.size() / shown)->image));
  return moments.scaling(names);
}

}  // namespace amdefect
