#pragma once

#include <cstddef>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/data/balanced_sampler.hpp"
#include "amdefect/data/sample.hpp"

namespace amdefect {

/// Draws single objects of the images of a source: every class as often as the others, but no object more than 8 times
/// as often as by chance (`BalancedSampler`). Where images lie together (`BasicSampleSource::blocks`), it draws from
/// the block that is being read, and classes are balanced within it.
class ObjectSampler {
 public:
  struct Place {
    Index image = 0;
    std::size_t object = 0;  ///< its number in the image
  };

  /// Of no objects.
  ObjectSampler() = default;
  /// Objects without extent are left out. The source is not kept.
  template <PixelType P>
  explicit ObjectSampler(const BasicSampleSource<P>& source) : shelf_of_(static_cast<std::size_t>(source.size())) {
    std::vector<std::vector<Index>> blocks = source.blocks();
    if (blocks.empty()) {
      blocks.emplace_back(shelf_of_.size());
      std::iota(blocks[0].begin(), blocks[0].end(), Index{0});
    }
    for (const std::vector<Index>& block : blocks) {
      std::vector<Place> places;
      std::map<Index, std::vector<Index>> by_class;
      for (const Index image : block) {
        shelf_of_[static_cast<std::size_t>(image)] = shelves_.size();
        const std::vector<LabelledBox> objects = source.objects(image);
        for (std::size_t i = 0; i < objects.size(); ++i) {
          if (!(objects[i].box.area() > 0)) continue;
          by_class[objects[i].label].push_back(static_cast<Index>(places.size()));
          places.push_back({image, i});
        }
      }
      BalancedSampler::Groups classes;
      for (auto& [label, members] : by_class) classes.push_back(std::move(members));
      const auto count = static_cast<Index>(places.size());
      shelves_.push_back({std::move(places), BalancedSampler(count, {std::move(classes)})});
    }
  }

  /// An object; of the block of `image` where there are blocks. None if there is none.
  std::optional<Place> draw(Index image, Random& random) const {
    if (shelves_.empty()) return std::nullopt;
    const Shelf& shelf = shelves_[shelf_of_[static_cast<std::size_t>(image)]];
    if (shelf.places.empty()) return std::nullopt;
    const Index chance = random.integer(static_cast<Index>(shelf.places.size()));
    return shelf.places[static_cast<std::size_t>(shelf.sampler.draw(chance, random))];
  }

 private:
  /// The objects of a block.
  struct Shelf {
    std::vector<Place> places;
    BalancedSampler sampler;
  };

  std::vector<Shelf> shelves_;
  std::vector<std::size_t> shelf_of_;  // of each image
};

}  // namespace amdefect
