#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/data/augment.hpp"
#include "amdefect/data/balanced_sampler.hpp"
#include "amdefect/data/block_order.hpp"
#include "amdefect/data/channel_dropout.hpp"
#include "amdefect/data/copy_paste.hpp"
#include "amdefect/data/mixup.hpp"
#include "amdefect/data/mosaic.hpp"
#include "amdefect/data/object_sampler.hpp"
#include "amdefect/data/random_erasing.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/image/pixel_scaling.hpp"
#include "amdefect/train/dataset.hpp"

namespace amdefect {

/// Objects that `CropDatasetOptions::copy_paste` adds to a crop at most, with those that lie in the box of another one.
inline constexpr Index most_pasted = 3;

/// What a CropDataset makes of its images.
struct CropDatasetOptions {
  Index channels = 3;
  Index samples = 512;  ///< crops per epoch
  Index slots = 100;    ///< objects per crop; further ones are left out
  RandomCropOptions crop{.height = 256,
                         .width = 256,
                         .smallest_zoom = 0.8,
                         .largest_zoom = 1.25,
                         .on_object = 0.75,
                         .min_visible = 0.3,
                         .fill = padding_grey};
  double mosaic = 0.5;        ///< probability of crops of four images in one
  double copy_paste = 0;      ///< probability that 1 to `most_pasted` objects of other images are pasted into a crop
  double mixup = 0;           ///< probability that two crops, with all of the above, are mixed to one
  double random_erasing = 0;  ///< probability that a part of the crop is erased
  AugmentOptions augment = detector_augmentation();
  PixelScaling pixel_scaling{};  ///< `crop.fill` is its offset
  ChannelDropout dropout{};
};

/// Random crops at native resolution for an anchor-free detector, with the objects in them [slots, 5]: x1, y1, x2, y2,
/// class, -1 in unused slots. `P` is the type of the images' pixels.
template <class T, PixelType P = std::uint8_t>
class CropDataset final : public Dataset<T> {
 public:
  /// @throws Error for options without meaning.
  CropDataset(std::shared_ptr<const BasicSampleSource<P>> source, BalancedSampler sampler,
              const CropDatasetOptions& options)
      : source_(std::move(source)), sampler_(std::move(sampler)), options_(options), blocks_(*source_) {
    const RandomCropOptions& crop = options.crop;
    require(options.channels > 0 && options.samples > 0 && options.slots > 0 && crop.height > 0 && crop.width > 0,
            "crop data set: channels, samples, slots and the size of a crop must be positive");
    require(crop.smallest_zoom > 0 && crop.smallest_zoom <= crop.largest_zoom, "crop data set: zoom from ",
            crop.smallest_zoom, " to ", crop.largest_zoom, ", expected positive numbers in ascending order");
    require_probabilities("crop data set: ", {{"mosaic", options.mosaic},
                                              {"copy_paste", options.copy_paste},
                                              {"mixup", options.mixup},
                                              {"random_erasing", options.random_erasing}});
    require(options.mosaic == 0 || (crop.height > 1 && crop.width > 1),
            "crop data set: a mosaic needs crops of at least 2x2 pixels");
    check(options.augment);
    check(options.dropout, options.channels);
    require(options.augment.rotate == 0 || crop.height == crop.width,
            "crop data set: rotation needs square crops, not ", crop.height, 'x', crop.width);
    if (options.copy_paste > 0) objects_ = ObjectSampler(*source_);
  }

  Index size() const override { return options_.samples; }
  Shape sample_shape() const override { return {options_.crop.height, options_.crop.width, options_.channels}; }
  std::vector<Shape> target_shapes() const override { return {{options_.slots, 5}}; }
  void arrange(std::span<Index> order, Random& random) const override {
    if (blocks_.empty()) return Dataset<T>::arrange(order, random);
    blocks_.arrange(order, sampler_, random);
  }
  void load(Index sample, Random& random, TensorView<T> x, std::span<const TensorView<T>> targets) const override {
    const std::vector<Parts> pictures = draw(sample, random);
    BasicSample<P> crop = picture(pictures[0], random);
    if (pictures.size() > 1) {
      const BasicSample<P> other = picture(pictures[1], random);
      crop = mixup(crop, other, mixup_weight(random));
    }
    if (happens(options_.random_erasing, random)) erase_randomly(crop, options_.crop.fill, random);
    scale_pixels(pixels(crop.image), x, 0, 0, options_.pixel_scaling);
    drop_channels(x, options_.dropout, random);
    write_objects(crop.objects, targets[0]);
  }
  /// The files of all images of which the crop shows something, and of those whose objects were to be pasted, whether
  /// or not there was a place for them.
  std::string sample_name(Index sample, Random random) const override {
    std::string name;
    for (const auto& [images, objects] : draw(sample, random)) {
      name += concat(name.empty() ? "" : ", mixed with ", images.size() == 1 ? "a crop of " : "a mosaic of ");
      for (std::size_t i = 0; i < images.size(); ++i) name += concat(i > 0 ? " + " : "", source_->name(images[i]));
      for (std::size_t i = 0; i < objects.size(); ++i)
        name += concat(i > 0 ? " + " : " with objects of ", source_->name(objects[i].image));
    }
    return name;
  }

 private:
  /// What a picture is made of: one image, or four of a mosaic, and objects to paste.
  struct Parts {
    std::vector<Index> images;
    std::vector<ObjectSampler::Place> objects;
  };

  /// Takes no random number where the probability is 0, so that a change that is off changes nothing else.
  static bool happens(double probability, Random& random) { return probability > 0 && random.chance(probability); }

  /// The parts of the picture of a sample, or of two that are mixed.
  std::vector<Parts> draw(Index sample, Random& random) const {
    std::vector<Parts> pictures{draw_parts(sample, random)};
    if (happens(options_.mixup, random)) pictures.push_back(draw_parts(sample, random));
    return pictures;
  }

  Parts draw_parts(Index sample, Random& random) const {
    Parts parts;
    parts.images.resize(random.chance(options_.mosaic) ? 4 : 1);
    for (Index& image : parts.images) image = draw_image(sample, random);
    if (!happens(options_.copy_paste, random)) return parts;
    for (Index i = random.integer(most_pasted); i >= 0; --i)
      if (const auto place = objects_.draw(parts.images[0], random)) parts.objects.push_back(*place);
    return parts;
  }

  BasicSample<P> picture(const Parts& parts, Random& random) const {
    const auto part = [&](std::size_t i) { return source_->load(parts.images[i]); };
    BasicSample<P> shown = parts.images.size() > 1
                               ? mosaic<P>({part(0), part(1), part(2), part(3)}, options_.crop, random)
                               : random_crop(*part(0), options_.crop, random);
    auto room = static_cast<std::size_t>(most_pasted);
    for (const auto& [image, object] : parts.objects) {
      const auto cutout = cut_out(*source_->load(image), object, options_.crop.min_visible);
      const double zoom = random_zoom(options_.crop, random);
      const Orientation orientation = random_orientation(options_.augment, random);
      if (!cutout || cutout->sample.objects.size() > room) continue;
      if (paste_randomly(transformed(*cutout, zoom, orientation), shown, random)) room -= cutout->sample.objects.size();
    }
    return augment(shown, options_.augment, random);
  }

  Index draw_image(Index sample, Random& random) const {
    if (!blocks_.empty()) return blocks_.image(sample);
    return sampler_.draw(random.integer(source_->size()), random);
  }

  static void write_objects(const std::vector<LabelledBox>& objects, TensorView<T> slots) {
    slots.fill(T{-1});
    const Index count = std::min(static_cast<Index>(objects.size()), slots.dim(0));
    for (Index i = 0; i < count; ++i) {
      const LabelledBox& object = objects[static_cast<std::size_t>(i)];
      const double values[] = {object.box.x1, object.box.y1, object.box.x2, object.box.y2,
                               static_cast<double>(object.label)};
      std::transform(values, values + 5, slots.data() + 5 * i, [](double v) { return static_cast<T>(v); });
    }
  }

  std::shared_ptr<const BasicSampleSource<P>> source_;
  BalancedSampler sampler_;
  ObjectSampler objects_;  // to paste, where they are
  CropDatasetOptions options_;
  BlockOrder blocks_;
};

}  // namespace amdefect
