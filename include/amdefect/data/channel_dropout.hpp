#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// Sensors that are missing in some of the pictures of a training, so that a network learns to do without them.
struct ChannelDropout {
  double probability = 0;        ///< of each sensor
  std::vector<Index> sensors{};  ///< channels of each; empty: one for each channel
  Index never_missing = 0;       ///< the first so many are always there

  friend bool operator==(const ChannelDropout&, const ChannelDropout&) = default;
};

/// Throws an Error unless the sensors have as many channels as a picture, of which one is always there or may stay.
inline void check(const ChannelDropout& dropout, Index channels) {
  require(dropout.probability >= 0 && dropout.probability < 1, "channel dropout: the probability is ",
          dropout.probability, ", expected at least 0 and less than 1");
  const Index sum = std::accumulate(dropout.sensors.begin(), dropout.sensors.end(), Index{0});
  const bool positive = std::all_of(dropout.sensors.begin(), dropout.sensors.end(), [](Index n) { return n > 0; });
  require(dropout.sensors.empty() || (positive && sum == channels), "channel dropout: the sensors have ", sum,
          " channels, the pictures ", channels);
  const Index sensors = dropout.sensors.empty() ? channels : static_cast<Index>(dropout.sensors.size());
  require(dropout.probability == 0 || sensors > std::max<Index>(1, dropout.never_missing),
          "channel dropout: there is no further sensor that could be missing");
}

/// Makes the channels of sensors drawn by lot 0, what a network sees of their means. `x` is what it is shown, [height,
/// width, channels]. Were all of them missing, one drawn by lot stays.
template <class T>
void drop_channels(TensorView<T> x, const ChannelDropout& dropout, Random& random) {
  if (dropout.probability == 0) return;
  const Index channels = x.dim(2);
  const std::vector<Index> sensors =
      dropout.sensors.empty() ? std::vector<Index>(static_cast<std::size_t>(channels), 1) : dropout.sensors;
  const auto count = static_cast<Index>(sensors.size());
  std::vector<bool> missing;
  for (Index i = 0; i < count; ++i) missing.push_back(i >= dropout.never_missing && random.chance(dropout.probability));
  if (std::find(missing.begin(), missing.end(), false) == missing.end())
    missing[static_cast<std::size_t>(random.integer(count))] = false;
  Index begin = 0;
  for (std::size_t i = 0; i < sensors.size(); begin += sensors[i++])
    if (missing[i])
      for (Index at = begin; at < x.size(); at += channels) std::fill_n(x.data() + at, sensors[i], T{0});
}

}  // namespace amdefect
