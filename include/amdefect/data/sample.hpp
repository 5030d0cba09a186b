#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/boxes/labelled_box.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/image/image.hpp"
#include "amdefect/image/letterbox.hpp"

namespace amdefect {

/// An image and the objects in it.
template <PixelType P>
struct BasicSample {
  BasicImage<P> image;
  std::vector<LabelledBox> objects;
  /// Where the picture lay before it was resized: `placement.unmap` takes boxes in `image` back to its file.
  Letterbox placement{};
};
using Sample = BasicSample<std::uint8_t>;
using Sample16 = BasicSample<std::uint16_t>;

/// A text that differs wherever objects do, for keys of sources.
inline std::string objects_key(std::span<const LabelledBox> objects) {
  std::string key;
  for (const auto& [box, label] : objects)
    key += concat('|', label, ' ', shortest_number(box.x1), ' ', shortest_number(box.y1), ' ', shortest_number(box.x2),
                  ' ', shortest_number(box.y2));
  return key;
}

/// Somewhere annotated images come from: files, a cache, a resizer in front of another source.
template <PixelType P>
class BasicSampleSource {
 public:
  virtual ~BasicSampleSource() = default;
  virtual Index size() const = 0;
  /// Several threads may load at once. @throws FileError that names the image
  virtual std::shared_ptr<const BasicSample<P>> load(Index index) const = 0;
  /// A text that changes whenever `load(index)` would give something else: the name of a cache entry.
  virtual std::string key(Index index) const = 0;
  /// The objects of an image; sources that know them without reading it do not read it.
  virtual std::vector<LabelledBox> objects(Index index) const { return load(index)->objects; }
  /// Images that are stored together, so that loading one after the other costs little more than loading one of them;
  /// each image is in one block. Empty: all orders cost the same.
  virtual std::vector<std::vector<Index>> blocks() const { return {}; }
  /// What messages call the image, e.g. its file.
  virtual std::string name(Index index) const { return concat("image ", index); }
};
using SampleSource = BasicSampleSource<std::uint8_t>;

/// The samples of another source, letterboxed or stretched to one size.
class ResizedSource final : public SampleSource {
 public:
  ResizedSource(std::shared_ptr<const SampleSource> source, Index height, Index width, FitMode mode = FitMode::within)
      : source_(std::move(source)), height_(height), width_(width), mode_(mode) {}

  Index size() const override { return source_->size(); }
  std::shared_ptr<const Sample> load(Index index) const override {
    const std::shared_ptr<const Sample> original = source_->load(index);
    auto sample = std::make_shared<Sample>();
    const Letterbox& letterbox = sample->placement =
        fit_letterbox(original->image.height(), original->image.width(), height_, width_, mode_);
    sample->image = letterbox_image(original->image, letterbox);
    for (const LabelledBox& object : original->objects)
      sample->objects.push_back({letterbox.map(object.box), object.label});
    return sample;
  }
  std::string name(Index index) const override { return source_->name(index); }
  std::string key(Index index) const override {
    return concat(source_->key(index), mode_ == FitMode::within ? "|within " : "|stretch ", height_, 'x', width_);
  }

 private:
  std::shared_ptr<const SampleSource> source_;
  Index height_, width_;
  FitMode mode_;
};

}  // namespace amdefect
