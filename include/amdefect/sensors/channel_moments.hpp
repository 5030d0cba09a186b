#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/image/image.hpp"
#include "amdefect/image/pixel_scaling.hpp"

namespace amdefect {

/// Mean and deviation of numbers that come one after the other (Welford 1962); those of several parts can be put
/// together (Chan, Golub, LeVeque 1979). Numbers that are not finite count as unknown, and not at all.
class RunningMoments {
 public:
  void add(double number) {
    if (!std::isfinite(number)) return;
    count_ += 1;
    const double before = number - mean_;
    mean_ += before / count_;
    squares_ += before * (number - mean_);
  }
  void add(const RunningMoments& other) {
    if (other.count_ == 0) return;
    const double both = count_ + other.count_, apart = other.mean_ - mean_;
    squares_ += other.squares_ + apart * apart * count_ * other.count_ / both;
    mean_ += apart * other.count_ / both;
    count_ = both;
  }
  double count() const { return count_; }
  double mean() const { return mean_; }
  /// Of all numbers, not an estimate from a sample.
  double deviation() const { return count_ > 0 ? std::sqrt(std::max(0.0, squares_ / count_)) : 0; }

 private:
  double count_ = 0, mean_ = 0, squares_ = 0;
};

/// Mean and deviation of every channel of pictures that come one after the other.
class ChannelMoments {
 public:
  explicit ChannelMoments(Index channels) : channels_(static_cast<std::size_t>(channels)) {}

  /// @throws ShapeError for a picture of another number of channels.
  void add(const PixelView& picture) {
    require<ShapeError>(picture.shape().rank() == 3 && picture.dim(2) == static_cast<Index>(channels_.size()),
                        "channel moments: expected ", channels_.size(), " channels, got a picture ", picture.shape());
    std::vector<RunningMoments> own(channels_.size());
    picture.visit([&]<class P>(TensorView<const P> values) {
      for (Index i = 0; i < values.size(); i += picture.dim(2))
        for (std::size_t c = 0; c < own.size(); ++c)
          own[c].add(static_cast<double>(values[i + static_cast<Index>(c)]) / values_per_level<P>);
    });
    for (std::size_t c = 0; c < own.size(); ++c) channels_[c].add(own[c]);
  }
  const std::vector<RunningMoments>& channels() const { return channels_; }

  /// What makes of every channel numbers with the mean 0 and the deviation 1; a network's picture ends in means.
  /// `names` are for messages. @throws Error for a channel of which nothing was seen, or only one value,
  /// or numbers beyond those that a scaling has.
  PixelScaling scaling(const std::vector<std::string>& names = {}) const {
    PixelScaling scaling;
    for (std::size_t c = 0; c < channels_.size(); ++c) {
      const RunningMoments& moments = channels_[c];
      const std::string channel = channel_text(c, names);
      require(moments.count() > 0, "channel moments: no pixel of the ", channel, " is known");
      const double least = std::max(1e-6, 1e-7 * std::abs(moments.mean()));
      require(moments.deviation() > least, "channel moments: all pixels of the ", channel, " are ", moments.mean(),
              ": it shows nothing");
      scaling.channel_offsets.push_back(moments.mean());
      scaling.channel_scales.push_back(moments.deviation());
    }
    check(scaling, names);
    return scaling;
  }

 private:
  std::vector<RunningMoments> channels_;
};

}  // namespace amdefect
