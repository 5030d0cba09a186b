#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/data/image_style.hpp"
#include "amdefect/data/sample.hpp"

namespace amdefect {

/// Chooses training images so that rare kinds come as often as common ones: a grouping is drawn (by class, by style),
/// then a group of it, then an image of the group. No draw from a group makes its images more than `most` times as
/// frequent as chance, so that a group of a single outlier does no harm.
class BalancedSampler {
 public:
  using Groups = std::vector<std::vector<Index>>;

  /// Groups of each grouping hold image numbers; a grouping with fewer than two groups that are not empty is left out.
  BalancedSampler(Index images, std::vector<Groups> groupings, double most = 8) : images_(images), most_(most) {
    for (Groups& groups : groupings) {
      std::erase_if(groups, [](const auto& group) { return group.empty(); });
      if (groups.size() > 1) groupings_.push_back(std::move(groups));
    }
  }

  /// An image; `turn` is taken where the draw falls on no group.
  Index draw(Index turn, Random& random) const {
    const Index otherwise = turn % images_;
    if (groupings_.empty()) return otherwise;
    const Groups& groups = pick(groupings_, random);
    const std::vector<Index>& group = pick(groups, random);
    const double share = static_cast<double>(group.size()) / static_cast<double>(images_);
    const bool accepted = random.chance(most_ * share * static_cast<double>(groups.size()));
    return accepted ? pick(group, random) : otherwise;
  }

 private:
  template <class Item>
  static const Item& pick(const std::vector<Item>& items, Random& random) {
    return items[static_cast<std::size_t>(random.integer(static_cast<Index>(items.size())))];
  }

  Index images_;
  double most_;
  std::vector<Groups> groupings_;
};

/// The images that contain each of the classes.
template <PixelType P>
BalancedSampler::Groups group_by_class(const BasicSampleSource<P>& source, Index classes) {
  BalancedSampler::Groups groups(static_cast<std::size_t>(classes));
  for (Index i = 0; i < source.size(); ++i) {
    for (const LabelledBox& object : source.objects(i)) {
      std::vector<Index>& group = groups.at(static_cast<std::size_t>(object.label));
      if (group.empty() || group.back() != i) group.push_back(i);
    }
  }
  return groups;
}

/// Smooth and rough images, told apart by Otsu's threshold of the logarithm of their textures.
template <PixelType P>
BalancedSampler::Groups group_by_style(const BasicSampleSource<P>& source) {
  std::vector<double> logs = textures(source);
  for (double& value : logs) value = std::log(std::max(value, 0.1));
  const double threshold = otsu_threshold(logs);
  BalancedSampler::Groups groups(2);
  for (std::size_t i = 0; i < logs.size(); ++i) groups[logs[i] > threshold].push_back(static_cast<Index>(i));
  return groups;
}

}  // namespace amdefect
