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

/// The samples of a source of numbers, mapped: every channel is multiplied and shifted, and what is unknown (not
/// finite) becomes a number of its own.
class MappedSource final : public BasicSampleSource<float> {
 public:
  struct Channel {
    float factor = 1, shift = 0, unknown = 0;
  };
  MappedSource(std::shared_ptr<const BasicSampleSource<float>> source, std::vector<Channel> channels)
      : source_(std::move(source)), channels_(std::move(channels)) {}

  Index size() const override { return source_->size(); }
  std::shared_ptr<const BasicSample<float>> load(Index index) const override {
    const auto original = source_->load(index);
    const BasicImage<float>& image = original->image;
    require<ShapeError>(image.channels() == static_cast<Index>(channels_.size()), source_->name(index), ": has ",
                        image.channels(), " channels, expected ", channels_.size());
    auto mapped = std::make_shared<BasicSample<float>>();
    mapped->image = image.clone();
    mapped->objects = original->objects;
    mapped->placement = original->placement;
    for (auto value = mapped->image.values().begin(); value != mapped->image.values().end();)
      for (const Channel& channel : channels_) {
        *value = std::isfinite(*value) ? *value * channel.factor + channel.shift : channel.unknown;
        ++value;
      }
    return mapped;
  }
  std::vector<LabelledBox> objects(Index index) const override { return source_->objects(index); }
  std::vector<std::vector<Index>> blocks() const override { return source_->blocks(); }
  std::string name(Index index) const override { return source_->name(index); }
  std::string key(Index index) const override {
    std::string key = source_->key(index) + "|mapped";
    for (const Channel& c : channels_) key += concat(' ', c.factor, ' ', c.shift, ' ', c.unknown);
    return key;
  }

 private:
  std::shared_ptr<const BasicSampleSource<float>> source_;
  std::vector<Channel> channels_;
};

/// Gives pixels of which nothing is known the mean of their channel, which a network of this scaling sees as 0.
inline void fill_unknown(BasicImage<float>& image, const PixelScaling& scaling) {
  for (auto value = image.values().begin(); value != image.values().end();)
    for (Index c = 0; c < image.channels(); ++c, ++value)
      if (!std::isfinite(*value)) *value = static_cast<float>(scaling.offset_of(c));
}

/// The numbers as they are; what is unknown is the channel's mean, which a network of this scaling sees as 0.
inline std::shared_ptr<const MappedSource> with_means(std::shared_ptr<const BasicSampleSource<float>> source,
                                                      const PixelScaling& scaling, Index channels) {
  std::vector<MappedSource::Channel> maps;
  for (Index c = 0; c < channels; ++c) maps.push_back({1, 0, static_cast<float>(scaling.offset_of(c))});
  return std::make_shared<const MappedSource>(std::move(source), std::move(maps));
}

/// The numbers on the scale of grey levels, as augmentation wants them: what a network of `scaling` sees of them, the
/// network of the default scaling sees of these.
inline std::shared_ptr<const MappedSource> as_levels(std::shared_ptr<const BasicSampleSource<float>> source,
                                                     const PixelScaling& scaling, Index channels) {
  const PixelScaling levels{};
  std::vector<MappedSource::Channel> maps;
  for (Index c = 0; c < channels; ++c) {
    const double factor = levels.scale / scaling.scale_of(c);
    maps.push_back({static_cast<float>(factor), static_cast<float>(levels.offset - scaling.offset_of(c) * factor),
                    static_cast<float>(levels.offset)});
  }
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
