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
#include "amdefect/data/mosaic.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/image/pixel_scaling.hpp"
#include "amdefect/train/dataset.hpp"

namespace amdefect {

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
  double mosaic = 0.5;  ///< probability of crops of four images in one
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
    require(options.mosaic >= 0 && options.mosaic <= 1, "crop data set: mosaic is ", options.mosaic,
            ", expected 0 to 1");
    require(options.mosaic == 0 || (crop.height > 1 && crop.width > 1),
            "crop data set: a mosaic needs crops of at least 2x2 pixels");
    check(options.augment);
    check(options.dropout, options.channels);
    require(options.augment.rotate == 0 || crop.height == crop.width,
            "crop data set: rotation needs square crops, not ", crop.height, 'x', crop.width);
  }

  Index size() const override { return options_.samples; }
  Shape sample_shape() const override { return {options_.crop.height, options_.crop.width, options_.channels}; }
  std::vector<Shape> target_shapes() const override { return {{options_.slots, 5}}; }
  void arrange(std::span<Index> order, Random& random) const override {
    if (blocks_.empty()) return Dataset<T>::arrange(order, random);
    blocks_.arrange(order, sampler_, random);
  }
  void load(Index sample, Random& random, TensorView<T> x, std::span<const TensorView<T>> targets) const override {
    const auto draw = [&] { return source_->load(draw_image(sample, random)); };
    const BasicSample<P> shown = random.chance(options_.mosaic)
                                     ? mosaic<P>({draw(), draw(), draw(), draw()}, options_.crop, random)
                                     : random_crop(*draw(), options_.crop, random);
    const BasicSample<P> crop = augment(shown, options_.augment, random);
    scale_pixels(pixels(crop.image), x, 0, 0, options_.pixel_scaling);
    drop_channels(x, options_.dropout, random);
    write_objects(crop.objects, targets[0]);
  }
  /// The files of the one image, or the four, that the crop is of.
  std::string sample_name(Index sample, Random random) const override {
    const int parts = random.chance(options_.mosaic) ? 4 : 1;
    std::string name = parts == 1 ? "a crop of " : "a mosaic of ";
    for (int i = 0; i < parts; ++i) name += concat(i > 0 ? " + " : "", source_->name(draw_image(sample, random)));
    return name;
  }

 private:
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
  CropDatasetOptions options_;
  BlockOrder blocks_;
};

}  // namespace amdefect
