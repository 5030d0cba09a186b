#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/data/augment.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/train/dataset.hpp"

namespace amdefect {

/// The paper's augmentation: greyscale on 22 % of the outputs, hue shifted by up to 75 degrees.
inline AugmentOptions paper_augmentation() { return {.greyscale = 0.22, .hue_degrees = 75}; }

/// Pixels / 255 into a tensor [height, width, channels].
template <class T>
void copy_pixels(const Image& image, TensorView<T> x) {
  require_shape("copy pixels", x.shape(), image.shape());
  std::transform(image.bytes().begin(), image.bytes().end(), x.begin(),
                 [](std::uint8_t byte) { return static_cast<T>(byte) / T(255); });
}

/// The paper's targets of one image. The objects fill slots 0, 1, 2, ... in their order until none is left; box target
/// [slots, 4] = x_min, y_min, x_max, y_max divided by the image's size and clipped to [0, 1], those without extent left
/// out; class target [slots, classes] one-hot. Empty slots are zero. @throws ShapeError
template <class T>
void fill_paper_targets(const Sample& sample, TensorView<T> classes, TensorView<T> boxes) {
  require<ShapeError>(classes.rank() == 2 && boxes.shape() == Shape{classes.dim(0), 4},
                      "paper targets: expected classes [slots, classes] and boxes [slots, 4], got ", classes.shape(),
                      " and ", boxes.shape());
  classes.fill(T(0));
  boxes.fill(T(0));
  const auto width = static_cast<double>(sample.image.width()), height = static_cast<double>(sample.image.height());
  Index slot = 0;
  for (const LabelledBox& object : sample.objects) {
    if (slot == classes.dim(0)) return;
    const double corners[] = {object.box.x1 / width, object.box.y1 / height, object.box.x2 / width,
                              object.box.y2 / height};
    T clipped[4];
    std::transform(corners, corners + 4, clipped, [](double v) { return static_cast<T>(std::clamp(v, 0.0, 1.0)); });
    if (!(clipped[0] < clipped[2] && clipped[1] < clipped[3])) continue;
    require<ShapeError>(object.label < classes.dim(1), "paper targets: class ", object.label, " of ", classes.dim(1));
    classes(slot, object.label) = T(1);
    std::copy(clipped, clipped + 4, boxes.data() + 4 * slot);
    ++slot;
  }
}

/// A line that says how many boxes do not fit into the slots; empty if all do.
inline std::string slot_warning(const CocoSource& source, const std::string& name, Index slots) {
  Index images = 0, lost = 0, most = 0;
  for (Index i = 0; i < source.size(); ++i) {
    const auto boxes = static_cast<Index>(source.objects(i).size());
    most = std::max(most, boxes);
    images += boxes > slots;
    lost += std::max<Index>(boxes - slots, 0);
  }
  if (images == 0) return "";
  return concat(name, ": ", images, " of ", source.size(), " images have more than ", slots, " boxes (up to ", most,
                "); ", lost, " boxes get no slot");
}

/// What PaperDataset makes of a source.
struct PaperDatasetOptions {
  Index classes = 4;
  Index slots = 100;
  /// Random changes, drawn anew in every epoch.
  AugmentOptions augment{};
  /// How often each image comes in an epoch. The paper's training: 3, each with changes of its own.
  Index outputs = 1;
};

/// Samples for the paper's network: image / 255, class target [slots, classes], box target [slots, 4]. Sample i is
/// image i modulo the number of images.
template <class T>
class PaperDataset final : public Dataset<T> {
 public:
  /// All images of the source must have the shape [height, width, channels] `shape`. @throws Error for options without
  /// meaning.
  PaperDataset(std::shared_ptr<const SampleSource> source, const Shape& shape, const PaperDatasetOptions& options)
      : source_(std::move(source)), shape_(shape), options_(options) {
    require(options.classes > 0 && options.slots > 0 && options.outputs > 0,
            "paper data set: classes, slots and outputs must be positive, got ", options.classes, ", ", options.slots,
            " and ", options.outputs);
    check(options.augment);
    require(options.augment.rotate == 0 || shape[0] == shape[1], "paper data set: rotation needs square images, not ",
            shape);
  }

  Index size() const override { return source_->size() * options_.outputs; }
  Shape sample_shape() const override { return shape_; }
  std::vector<Shape> target_shapes() const override {
    return {{options_.slots, options_.classes}, {options_.slots, 4}};
  }
  void load(Index sample, Random& random, TensorView<T> x, std::span<const TensorView<T>> targets) const override {
    const std::shared_ptr<const Sample> original = source_->load(sample % source_->size());
    if (options_.augment == AugmentOptions{})
      write(*original, x, targets);
    else
      write(augment(*original, options_.augment, random), x, targets);
  }
  std::string sample_name(Index sample, Random) const override { return source_->name(sample % source_->size()); }

 private:
  static void write(const Sample& sample, TensorView<T> x, std::span<const TensorView<T>> targets) {
    copy_pixels(sample.image, x);
    fill_paper_targets(sample, targets[0], targets[1]);
  }

  std::shared_ptr<const SampleSource> source_;
  Shape shape_;
  PaperDatasetOptions options_;
};

}  // namespace amdefect
