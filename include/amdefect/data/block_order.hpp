#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/data/balanced_sampler.hpp"
#include "amdefect/data/sample.hpp"

namespace amdefect {

/// The order of an epoch's samples where images that lie together are read together (`BasicSampleSource::blocks`).
///
/// A few blocks are open at a time, chosen by the images that a BalancedSampler draws; samples are taken from each of
/// them in turn, `visits` of each, so that a batch shows several blocks and a block is read once for all its samples.
class BlockOrder {
 public:
  static constexpr Index open = 8, visits = 8;
  /// Share of the samples that show an image with objects, where the block has one.
  static constexpr double with_objects = 0.75;

  template <PixelType P>
  explicit BlockOrder(const BasicSampleSource<P>& source) : blocks_(source.blocks()) {
    if (blocks_.empty()) return;
    places_.resize(static_cast<std::size_t>(source.size()));
    occupied_.resize(blocks_.size());
    for (std::size_t block = 0; block < blocks_.size(); ++block)
      for (const Index image : blocks_[block]) {
        places_.at(static_cast<std::size_t>(image)) = block;
        if (!source.objects(image).empty()) occupied_[block].push_back(image);
      }
  }

  bool empty() const { return blocks_.empty(); }
  /// The image of a sample that `arrange` chose.
  Index image(Index sample) const { return sample % static_cast<Index>(places_.size()); }

  /// Fills `order` with samples: the number of an image, and so many times the number of images as make it the only one
  /// of its number.
  void arrange(std::span<Index> order, const BalancedSampler& sampler, Random& random) const {
    const auto images = static_cast<Index>(places_.size());
    Index number = 0;
    for (std::size_t begin = 0; begin < order.size(); begin += static_cast<std::size_t>(open * visits)) {
      const std::size_t end = std::min(begin + static_cast<std::size_t>(open * visits), order.size());
      std::vector<Index> anchors;
      for (std::size_t i = begin; i < end; ++i) {
        const auto slot = (i - begin) % static_cast<std::size_t>(open);
        const bool first = i - begin < static_cast<std::size_t>(open);
        if (first) anchors.push_back(sampler.draw(random.integer(images), random));
        order[i] = (first ? anchors[slot] : companion(anchors[slot], random)) + images * number++;
      }
    }
  }

 private:
  /// An image of the same block.
  Index companion(Index image, Random& random) const {
    const std::size_t block = places_[static_cast<std::size_t>(image)];
    const bool occupied = random.chance(with_objects) && !occupied_[block].empty();
    const std::vector<Index>& images = occupied ? occupied_[block] : blocks_[block];
    return images[static_cast<std::size_t>(random.integer(static_cast<Index>(images.size())))];
  }

  std::vector<std::vector<Index>> blocks_, occupied_;
  std::vector<std::size_t> places_;  // the block of each image
};

}  // namespace amdefect
